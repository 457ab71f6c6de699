with
versions as (
    select
        *,
        row_number() over (
            partition by shop_id, return_sn order by update_time desc nulls last, dt desc nulls last
        ) as version_rank
    from {{ source('shopee', 'returns') }}
)

select
    shop_id,
    return_sn as return_id,
    order_sn as order_id,
    update_time as updated_at,
    lower(status) as status,
    -- Both say that the buyer gets the money; the others that he may, or does not.
    status in ('ACCEPTED', 'REFUND_PAID') as is_complete,
    cast(refund_amount as decimal(18, 4)) as refund_total,
    reason,
    item,
    dt as lake_day
from versions
where version_rank = 1
