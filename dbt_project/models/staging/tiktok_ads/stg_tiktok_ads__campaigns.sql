{# TikTok schedules ad groups, not campaigns: a campaign runs from the first day of the first to the last
   day of the last, and without an end where one of them has none. #}
with
versions as (
    select
        *,
        row_number() over (partition by advertiser_id, campaign_id order by dt desc nulls last) as version_rank
    from {{ source('tiktok_ads', 'campaigns') }}
),

schedules as (
    select
        account_id,
        campaign_id,
        min(first_day) as start_date,
        case when count(*) = count(last_day) then max(last_day) end as stop_date
    from {{ ref('stg_tiktok_ads__adgroups') }}
    group by account_id, campaign_id
)

select
    versions.advertiser_id as account_id,
    versions.currency,
    versions.campaign_id,
    versions.campaign_name,
    versions.objective_type as objective,
    {{ tiktok_status('versions.operation_status', 'versions.secondary_status') }} as status,
    schedules.start_date,
    schedules.stop_date,
    versions.dt as lake_day
from versions
left join schedules
    on versions.advertiser_id = schedules.account_id and versions.campaign_id = schedules.campaign_id
where versions.version_rank = 1
