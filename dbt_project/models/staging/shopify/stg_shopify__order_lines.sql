select
    orders.shop,
    orders.order_id,
    line.id as line_id,
    line.sku,
    line.title,
    line.variant_id,
    line.product_id,
    line.quantity,
    coalesce(line.current_quantity, line.quantity) as kept_quantity,
    cast(line.unit_price as decimal(18, 4)) as unit_price,
    cast(coalesce(line.total_discount, 0) as decimal(18, 4)) as discount_amount
from {{ ref('stg_shopify__orders') }} as orders
{{ explode('orders.line_items', 'line') }}
