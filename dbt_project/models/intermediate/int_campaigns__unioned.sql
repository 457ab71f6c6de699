{# Campaigns of every platform: as the platform lists them, and those that only its figures know. #}
with
listed as (
    select
        'meta_ads' as source,
        'meta' as platform,
        account_id,
        campaign_id,
        campaign_name,
        objective,
        status,
        start_date,
        stop_date
    from {{ ref('stg_meta_ads__campaigns') }}
),

{# Any stream may be missing: a campaign is known by its own figures, or by those or the list of its ads. #}
mentioned as (
    select
        account_id,
        campaign_id,
        campaign_name,
        date_day
    from {{ ref('stg_meta_ads__insights_campaign') }}
    union all
    select
        account_id,
        campaign_id,
        campaign_name,
        date_day
    from {{ ref('stg_meta_ads__insights_ad') }}
    union all
    select
        account_id,
        campaign_id,
        cast(null as string) as campaign_name,
        cast(null as date) as date_day
    from {{ ref('stg_meta_ads__ads') }}
),

{# A campaign's name may change: its newest day has the newest. #}
seen as (
    select
        'meta_ads' as source,
        'meta' as platform,
        account_id,
        campaign_id,
        max_by(campaign_name, date_day) as campaign_name,
        min(date_day) as start_date,
        max(date_day) as stop_date
    from mentioned
    group by account_id, campaign_id
),

exported as (
    select
        'files' as source,
        min(platform) as platform,
        account_id,
        campaign_id,
        max_by(campaign_name, concat(cast(date_day as string), coalesce(campaign_name, ''))) as campaign_name,
        min(date_day) as start_date,
        max(date_day) as stop_date
    from {{ ref('stg_files__ad_daily') }}
    group by account_id, campaign_id
)

select
    source,
    platform,
    account_id,
    campaign_id,
    campaign_name,
    objective,
    status,
    start_date,
    stop_date
from listed
union all
select
    seen.source,
    seen.platform,
    seen.account_id,
    seen.campaign_id,
    seen.campaign_name,
    cast(null as string) as objective,
    cast(null as string) as status,
    seen.start_date,
    seen.stop_date
from seen
left join listed
    on seen.account_id = listed.account_id and seen.campaign_id = listed.campaign_id
where listed.campaign_id is null
union all
select
    source,
    platform,
    account_id,
    campaign_id,
    campaign_name,
    cast(null as string) as objective,
    cast(null as string) as status,
    start_date,
    stop_date
from exported
