with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('x_ads', 'line_items') }}
)

select
    account_id,
    id as ad_group_id,
    campaign_id,
    name as ad_group_name,
    objective,
    {{ x_ads_status('entity_status', 'deleted') }} as status,
    start_date,
    stop_date,
    dt as lake_day
from versions
where version_rank = 1
