with
versions as (
    select
        *,
        row_number() over (
            partition by shop_id, return_id order by update_time desc nulls last, dt desc nulls last
        ) as version_rank
    from {{ source('tiktok_shop', 'returns') }}
)

select
    shop_id,
    return_id,
    order_id,
    create_time as created_at,
    update_time as updated_at,
    lower(return_type) as return_type,
    lower(return_status) as status,
    return_status = 'RETURN_OR_REFUND_REQUEST_COMPLETE' as is_complete,
    return_reason_text as reason,
    cast(refund_total as decimal(18, 4)) as refund_total,
    return_line_items,
    dt as lake_day
from versions
where version_rank = 1
