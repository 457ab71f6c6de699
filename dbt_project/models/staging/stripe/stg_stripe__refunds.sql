with
versions as (
    select
        *,
        row_number() over (partition by account, id order by seen_at desc nulls last, dt desc nulls last) as version_rank
    from {{ source('stripe', 'refunds') }}
)

select
    account as account_id,
    id as refund_id,
    charge as charge_id,
    created_at,
    seen_at,
    lower(status) as status,
    currency,
    cast(amount as decimal(18, 4)) as amount,
    failure_reason,
    reason,
    account as lake_account,
    dt as lake_day
from versions
where version_rank = 1
