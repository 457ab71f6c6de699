{# X schedules line items, not campaigns: a campaign runs from the first day of the first to the last day
   of the last, and without an end where one of them has none. #}
with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('x_ads', 'campaigns') }}
),

schedules as (
    select
        account_id,
        campaign_id,
        min(objective) as objective,
        min(start_date) as start_date,
        case when count(*) = count(stop_date) then max(stop_date) end as stop_date
    from {{ ref('stg_x_ads__line_items') }}
    group by account_id, campaign_id
)

select
    versions.account_id,
    versions.currency,
    versions.id as campaign_id,
    versions.name as campaign_name,
    schedules.objective,
    {{ x_ads_status('versions.entity_status', 'versions.deleted') }} as status,
    schedules.start_date,
    schedules.stop_date,
    versions.dt as lake_day
from versions
left join schedules
    on versions.account_id = schedules.account_id and versions.id = schedules.campaign_id
where versions.version_rank = 1
