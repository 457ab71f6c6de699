with
lines as (
    select
        orders.shop_id,
        orders.order_id,
        -- Lines of a bundle share their number.
        concat_ws('-', line.order_item_id, line.item_id, line.model_id) as line_id,
        coalesce(nullif(line.model_sku, ''), nullif(line.item_sku, '')) as sku,
        line.item_name as title,
        line.item_id as product_id,
        nullif(line.model_id, '0') as variant_id,
        coalesce(line.model_id, '0') as model_id,
        line.quantity,
        orders.is_cancelled,
        cast(line.original_price as decimal(18, 4)) as unit_price,
        {{ to_money('line.quantity * line.original_price') }} as gross_amount,
        {{ to_money('line.quantity * (line.original_price - line.discounted_price)') }} as discount_amount
    from {{ ref('stg_shopee__orders') }} as orders
    {{ explode('orders.item_list', 'line') }}
),

taken_back as (
    select
        returns.shop_id,
        returns.order_id,
        line.item_id as product_id,
        coalesce(line.model_id, '0') as model_id,
        cast(sum(line.amount) as bigint) as quantity
    from {{ ref('stg_shopee__returns') }} as returns
    {{ explode('returns.item', 'line') }}
    where returns.is_complete
    group by returns.shop_id, returns.order_id, line.item_id, coalesce(line.model_id, '0')
)

select
    lines.shop_id,
    lines.order_id,
    lines.line_id,
    lines.sku,
    lines.title,
    lines.product_id,
    lines.variant_id,
    lines.quantity,
    case
        when lines.is_cancelled then 0
        else greatest(lines.quantity - coalesce(taken_back.quantity, 0), 0)
    end as kept_quantity,
    lines.unit_price,
    lines.gross_amount,
    coalesce(lines.discount_amount, cast(0 as decimal(18, 4))) as discount_amount
from lines
left join taken_back
    on
        lines.shop_id = taken_back.shop_id
        and lines.order_id = taken_back.order_id
        and lines.product_id = taken_back.product_id
        and lines.model_id = taken_back.model_id
