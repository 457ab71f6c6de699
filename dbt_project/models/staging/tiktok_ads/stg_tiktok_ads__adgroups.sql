with
versions as (
    select
        *,
        row_number() over (partition by advertiser_id, adgroup_id order by dt desc nulls last) as version_rank
    from {{ source('tiktok_ads', 'adgroups') }}
)

select
    advertiser_id as account_id,
    adgroup_id as ad_group_id,
    campaign_id,
    adgroup_name as ad_group_name,
    {{ tiktok_status('operation_status', 'secondary_status') }} as status,
    first_day,
    last_day,
    dt as lake_day
from versions
where version_rank = 1
