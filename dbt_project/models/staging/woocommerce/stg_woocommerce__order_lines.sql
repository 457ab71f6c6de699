{# Refunds name in their lines' notes the line that they take units back of, with a negative quantity. #}
with
lines as (
    select
        orders.site,
        orders.order_id,
        line.id as line_id,
        line.sku,
        line.name as title,
        line.product_id,
        nullif(line.variation_id, '0') as variation_id,
        line.quantity,
        cast(line.subtotal as decimal(18, 4)) as gross_amount,
        cast(line.subtotal - line.total as decimal(18, 4)) as discount_amount
    from {{ ref('stg_woocommerce__orders') }} as orders
    {{ explode('orders.line_items', 'line') }}
),

taken_back as (
    select
        refunds.site,
        refunds.order_id,
        {{ json_text(json_entry('line.meta_data', 'key', '_refunded_item_id'), '.value') }} as line_id,
        line.quantity
    from {{ ref('stg_woocommerce__refunds') }} as refunds
    {{ explode('refunds.line_items', 'line') }}
),

returned as (
    select
        site,
        order_id,
        line_id,
        cast(sum(quantity) as bigint) as quantity
    from taken_back
    where line_id is not null
    group by site, order_id, line_id
)

select
    lines.site,
    lines.order_id,
    lines.line_id,
    lines.sku,
    lines.title,
    lines.product_id,
    lines.variation_id,
    lines.quantity,
    lines.quantity + coalesce(returned.quantity, 0) as kept_quantity,
    {{ to_money(ratio('lines.gross_amount', 'lines.quantity')) }} as unit_price,
    lines.gross_amount,
    lines.discount_amount
from lines
left join returned
    on lines.site = returned.site and lines.order_id = returned.order_id and lines.line_id = returned.line_id
