with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('meta_ads', 'campaigns') }}
)

select
    account_id,
    currency,
    id as campaign_id,
    name as campaign_name,
    objective,
    lower(effective_status) as status,
    try_cast(substr(start_time, 1, 10) as date) as start_date,
    try_cast(substr(stop_time, 1, 10) as date) as stop_date,
    dt as lake_day
from versions
where version_rank = 1
