{# Money comes back by a return that is complete, or by the cancellation of an order that was paid. #}
with
asked as (
    select
        shop_id,
        return_id as refund_id,
        order_id,
        update_time,
        return_status as status,
        return_reason_text as note,
        refund_total,
        dt
    from {{ source('tiktok_shop', 'returns') }}
    union all
    select
        shop_id,
        cancel_id as refund_id,
        order_id,
        update_time,
        cancel_status as status,
        cancel_reason_text as note,
        refund_total,
        dt
    from {{ source('tiktok_shop', 'cancellations') }}
),

versions as (
    select
        *,
        row_number() over (
            partition by shop_id, refund_id order by update_time desc nulls last, dt desc nulls last
        ) as version_rank
    from asked
)

select
    shop_id,
    order_id,
    refund_id,
    update_time as refunded_at,
    note,
    lower(status) as status,
    status in ('RETURN_OR_REFUND_REQUEST_COMPLETE', 'CANCELLATION_REQUEST_COMPLETE') as is_returned,
    cast(refund_total as decimal(18, 4)) as asked_amount,
    case
        when status in ('RETURN_OR_REFUND_REQUEST_COMPLETE', 'CANCELLATION_REQUEST_COMPLETE')
            then cast(refund_total as decimal(18, 4))
        else cast(0 as decimal(18, 4))
    end as refund_amount,
    dt as lake_day
from versions
where version_rank = 1 and refund_total is not null
