with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('linkedin_ads', 'campaign_groups') }}
)

select
    account_id,
    currency,
    id as campaign_id,
    name as campaign_name,
    cast(null as string) as objective,
    lower(status) as status,
    cast(starts_at as date) as start_date,
    cast(ends_at as date) as stop_date,
    dt as lake_day
from versions
where version_rank = 1
