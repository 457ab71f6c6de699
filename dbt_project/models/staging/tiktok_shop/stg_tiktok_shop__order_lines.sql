{# Each line is one unit of a product. It stays with the customer unless its order was cancelled, or it was
   sent back; a refund alone takes nothing away. #}
with
returned as (
    select distinct
        returns.shop_id,
        line.order_line_item_id as line_id
    from {{ ref('stg_tiktok_shop__returns') }} as returns
    {{ explode('returns.return_line_items', 'line') }}
    where returns.is_complete and returns.return_type = 'return_and_refund'
),

lines as (
    select
        orders.shop_id,
        orders.order_id,
        orders.cancelled_at,
        line.id as line_id,
        line.seller_sku as sku,
        line.product_name as title,
        line.sku_id as variant_id,
        line.product_id,
        line.display_status,
        cast(line.original_price as decimal(18, 4)) as unit_price,
        cast(coalesce(line.seller_discount, 0) as decimal(18, 4)) as seller_discount_amount,
        cast(coalesce(line.platform_discount, 0) as decimal(18, 4)) as platform_discount_amount
    from {{ ref('stg_tiktok_shop__orders') }} as orders
    {{ explode('orders.line_items', 'line') }}
)

select
    lines.shop_id,
    lines.order_id,
    lines.line_id,
    lines.sku,
    lines.title,
    lines.variant_id,
    lines.product_id,
    cast(1 as bigint) as quantity,
    case
        when lines.cancelled_at is not null or lines.display_status = 'CANCELLED' or returned.line_id is not null
            then cast(0 as bigint)
        else cast(1 as bigint)
    end as kept_quantity,
    lines.unit_price,
    lines.seller_discount_amount,
    lines.platform_discount_amount
from lines
left join returned
    on lines.shop_id = returned.shop_id and lines.line_id = returned.line_id
