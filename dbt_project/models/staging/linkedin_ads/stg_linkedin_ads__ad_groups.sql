with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('linkedin_ads', 'campaigns') }}
)

select
    account_id,
    id as ad_group_id,
    campaign_group_id as campaign_id,
    name as ad_group_name,
    lower(objective_type) as objective,
    lower(status) as status,
    dt as lake_day
from versions
where version_rank = 1
