{# In which state what each month's return on advertising comes of is: another one when the month is to be made
   again. All that mart_campaign_roi, mart_ad_roi and mart_channel_roi read is in it. A name is part of the months
   in which it is used, so that a new campaign leaves the earlier ones as they are. #}
{{ config(materialized='table') }}

with
orders as (
    select
        *,
        {{ month_start('order_date') }} as month
    from {{ ref('fct_order') }}
),

advertising as (
    select
        *,
        {{ month_start('date_day') }} as month
    from {{ ref('fct_ad_daily') }}
),

used as (
    select
        orders.month,
        touches.campaign_source as source,
        touches.campaign_account_id as account_id,
        touches.campaign_id,
        cast(null as string) as ad_group_id,
        touches.ad_id
    from {{ ref('int_touches__unioned') }} as touches
    inner join orders
        on touches.order_key = orders.order_key
    union
    select
        month,
        source,
        account_id,
        campaign_id,
        ad_group_id,
        ad_id
    from advertising
),

named as (
    select
        used.month,
        used.source,
        used.account_id,
        used.campaign_id,
        used.ad_group_id,
        used.ad_id,
        campaigns.campaign_name,
        campaigns.channel,
        ads.ad_group_id as ad_group_of_ad,
        ads.ad_name,
        ads.creative_id,
        ad_groups.ad_group_name
    from used
    left join {{ ref('dim_campaign') }} as campaigns
        on
            used.source = campaigns.source
            and used.account_id = campaigns.account_id
            and used.campaign_id = campaigns.campaign_id
    left join {{ ref('int_ads__named') }} as ads
        on
            used.source = ads.source
            and used.account_id = ads.account_id
            and used.campaign_id = ads.campaign_id
            and used.ad_id = ads.ad_id
    left join {{ ref('int_ad_groups__named') }} as ad_groups
        on
            used.source = ad_groups.source
            and used.account_id = ad_groups.account_id
            and coalesce(used.ad_group_id, ads.ad_group_id) = ad_groups.ad_group_id
),

states as (
    select
        month,
        state
    from {{ ref('int_credits__states') }}
    union all
    select
        month,
        {{ rows_state([
            'order_key', 'order_date', 'is_credit_note', 'net_amount_reporting', 'country', 'province'
        ]) }} as state
    from orders
    group by month
    union all
    select
        month,
        {{ rows_state([
            'date_day', 'source', 'account_id', 'campaign_id', 'ad_group_id', 'ad_id', 'currency', 'spend',
            'spend_reporting', 'impressions', 'clicks', 'claimed_conversions', 'claimed_conversions_7d_click',
            'claimed_conversions_1d_view', 'claimed_value', 'claimed_value_reporting',
        ]) }} as state
    from advertising
    group by month
    union all
    select
        month,
        {{ rows_state([
            'source', 'account_id', 'campaign_id', 'ad_group_id', 'ad_id', 'campaign_name', 'channel',
            'ad_group_of_ad', 'ad_name', 'creative_id', 'ad_group_name',
        ]) }} as state
    from named
    group by month
    union all
    select
        {{ month_start('lake_day') }} as month,
        {{ rows_state(['source', 'stream', 'account', 'lake_day', 'content_hash']) }} as state
    from {{ ref('stg_lake__files') }}
    where concat(source, '.', stream) in ('meta_ads.insights_region', 'google_ads.region_daily')
    group by {{ month_start('lake_day') }}
    union all
    select
        {{ month_start('date_day') }} as month,
        {{ rows_state(['currency', 'date_day', 'rate']) }} as state
    from {{ ref('int_fx_rates__daily') }}
    group by {{ month_start('date_day') }}
),

places as (
    select {{ rows_state(['geo_target_id', 'place_name', 'country_code']) }} as state
    from {{ ref('stg_google_ads__geo_targets') }}
)

select
    states.month,
    concat_ws('|', {{ distinct_text('states.state') }}, max(places.state)) as state
from states
cross join places
group by states.month
