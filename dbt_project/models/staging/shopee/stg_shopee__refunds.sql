{# Money comes back by a return that is accepted, or by the cancellation of an order that was paid. #}
select
    shop_id,
    order_id,
    return_id as refund_id,
    updated_at as refunded_at,
    reason as note,
    is_complete,
    case when is_complete then refund_total else cast(0 as decimal(18, 4)) end as refund_amount,
    lake_day
from {{ ref('stg_shopee__returns') }}
union all
select
    shop_id,
    order_id,
    order_id as refund_id,
    updated_at as refunded_at,
    cancel_reason as note,
    true as is_complete,
    total_amount as refund_amount,
    lake_day
from {{ ref('stg_shopee__orders') }}
where is_cancelled and paid_at is not null
