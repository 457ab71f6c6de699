{# Spend of campaigns by the segments by which a platform breaks it down, per month, in the reporting currency.
   TikTok's provinces are not among them: it tells numbers only. #}
{{ config(materialized='table') }}
{%- set breakdowns = [
    ('demographic_age', 'age_band', 'meta_ads', 'insights_age_gender'),
    ('demographic_gender', 'gender', 'meta_ads', 'insights_age_gender'),
    ('geographic_province', 'region', 'meta_ads', 'insights_region'),
    ('demographic_age', 'age_band', 'google_ads', 'age_daily'),
    ('demographic_gender', 'gender', 'google_ads', 'gender_daily'),
    ('demographic_age', 'age_band', 'tiktok_ads', 'audience_age_gender'),
    ('demographic_gender', 'gender', 'tiktok_ads', 'audience_age_gender'),
] %}
with
broken_down as (
    {%- for family, segment, source, stream in breakdowns %}
    select
        '{{ family }}' as segment_family,
        coalesce({{ segment }}, 'unknown') as segment,
        '{{ source }}' as source,
        account_id,
        campaign_id,
        date_day,
        currency,
        spend
    from {{ ref('stg_' ~ source ~ '__' ~ stream) }}
    union all
    {%- endfor %}
    select
        'geographic_province' as segment_family,
        coalesce(places.place_name, 'unknown') as segment,
        'google_ads' as source,
        regions.account_id,
        regions.campaign_id,
        regions.date_day,
        regions.currency,
        regions.spend
    from {{ ref('stg_google_ads__region_daily') }} as regions
    left join {{ ref('stg_google_ads__geo_targets') }} as places
        on regions.region_id = places.geo_target_id
),

by_day as (
    select
        segment_family,
        segment,
        source,
        account_id,
        campaign_id,
        date_day,
        currency,
        {{ to_money('sum(spend)') }} as spend
    from broken_down
    group by segment_family, segment, source, account_id, campaign_id, date_day, currency
)

select
    {{ month_start('by_day.date_day') }} as month,
    by_day.segment_family,
    by_day.segment,
    by_day.source,
    by_day.account_id,
    by_day.campaign_id,
    {{ to_money('sum(' ~ to_reporting('by_day.spend', fx_rate('by_day.currency')) ~ ')') }} as spend
from by_day
left join {{ ref('int_fx_rates__daily') }} as fx
    on by_day.currency = fx.currency and by_day.date_day = fx.date_day
group by
    {{ month_start('by_day.date_day') }}, by_day.segment_family, by_day.segment, by_day.source, by_day.account_id,
    by_day.campaign_id
