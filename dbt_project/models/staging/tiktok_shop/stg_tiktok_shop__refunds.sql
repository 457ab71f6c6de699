{# Money comes back by a return, or by the cancellation of an order that was paid, once either is complete. #}
with
asked as (
    select
        shop_id,
        order_id,
        return_id as refund_id,
        updated_at,
        reason,
        is_complete,
        refund_total,
        lake_day
    from {{ ref('stg_tiktok_shop__returns') }}
    union all
    select
        shop_id,
        order_id,
        cancel_id as refund_id,
        updated_at,
        reason,
        is_complete,
        refund_total,
        lake_day
    from {{ ref('stg_tiktok_shop__cancellations') }}
)

select
    shop_id,
    order_id,
    refund_id,
    updated_at as refunded_at,
    reason as note,
    is_complete,
    case when is_complete then refund_total else cast(0 as decimal(18, 4)) end as refund_amount,
    lake_day
from asked
where refund_total is not null
