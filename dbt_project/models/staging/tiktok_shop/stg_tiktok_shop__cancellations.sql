with
versions as (
    select
        *,
        row_number() over (
            partition by shop_id, cancel_id order by update_time desc nulls last, dt desc nulls last
        ) as version_rank
    from {{ source('tiktok_shop', 'cancellations') }}
)

select
    shop_id,
    cancel_id,
    order_id,
    create_time as created_at,
    update_time as updated_at,
    lower(cancel_status) as status,
    cancel_status = 'CANCELLATION_REQUEST_COMPLETE' as is_complete,
    cancel_reason_text as reason,
    cast(refund_total as decimal(18, 4)) as refund_total,
    dt as lake_day
from versions
where version_rank = 1
