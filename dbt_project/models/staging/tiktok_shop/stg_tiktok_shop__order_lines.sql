select
    orders.shop_id,
    orders.order_id,
    line.id as line_id,
    line.seller_sku as sku,
    line.product_name as title,
    line.sku_id as variant_id,
    line.product_id,
    cast(line.original_price as decimal(18, 4)) as unit_price,
    cast(coalesce(line.seller_discount, 0) as decimal(18, 4)) as seller_discount_amount,
    cast(coalesce(line.platform_discount, 0) as decimal(18, 4)) as platform_discount_amount
from {{ ref('stg_tiktok_shop__orders') }} as orders
{{ explode('orders.line_items', 'line') }}
