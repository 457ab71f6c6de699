with
versions as (
    select
        *,
        row_number() over (partition by account_id, campaign_id order by dt desc nulls last) as version_rank
    from {{ source('linkedin_ads', 'tracking_parameters') }}
)

select
    account_id,
    campaign_id as ad_group_id,
    dynamic_values,
    custom_values,
    dt as lake_day
from versions
where version_rank = 1
