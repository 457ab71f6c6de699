select
    orders.site,
    orders.order_id,
    refund.id as refund_id,
    -- An order that was deleted while it was read has told of no instant but its own.
    coalesce(refund.created_at, orders.modified_at) as refunded_at,
    nullif(refund.reason, '') as note,
    cast(refund.amount as decimal(18, 4)) as refund_amount,
    refund.line_items
from {{ ref('stg_woocommerce__orders') }} as orders
{{ explode('orders.refunds', 'refund') }}
