{# Campaigns of every platform: as the platform lists them, and those that only its figures know. #}
{{ config(materialized='table') }}
{%- set listing = ['account_id', 'campaign_id', 'campaign_name', 'objective', 'status', 'start_date', 'stop_date'] -%}
with
listed as (
    {{ union_ads('campaigns', listing) }}
),

{# Any stream may be missing: a campaign is known by its own figures, or by those or the list of its ads. #}
mentioned as (
    {{ union_ads('by_campaign', ['account_id', 'campaign_id', 'campaign_name', 'date_day']) }}
    union all
    {{ union_ads('by_ad', ['account_id', 'campaign_id', 'campaign_name', 'date_day']) }}
    union all
    {{ union_ads('ads', [
        'account_id', 'campaign_id', 'cast(null as string) as campaign_name', 'cast(null as date) as date_day'
    ]) }}
),

{# A campaign's name may change: its newest day has the newest. #}
seen as (
    select
        source,
        platform,
        account_id,
        campaign_id,
        max_by(campaign_name, date_day) as campaign_name,
        min(date_day) as start_date,
        max(date_day) as stop_date
    from mentioned
    where campaign_id is not null
    group by source, platform, account_id, campaign_id
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
    on
        seen.source = listed.source
        and seen.account_id = listed.account_id
        and seen.campaign_id = listed.campaign_id
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
