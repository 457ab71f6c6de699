{# Spend by the segments by which a platform breaks it down, per month, in the reporting currency. TikTok's
   provinces are not among them: it tells numbers only. #}
with
broken_down as (
    select
        'demographic_age' as segment_family,
        coalesce(age_band, 'unknown') as segment,
        date_day,
        currency,
        spend
    from {{ ref('stg_meta_ads__insights_age_gender') }}
    union all
    select
        'demographic_gender' as segment_family,
        coalesce(gender, 'unknown') as segment,
        date_day,
        currency,
        spend
    from {{ ref('stg_meta_ads__insights_age_gender') }}
    union all
    select
        'geographic_province' as segment_family,
        coalesce(region, 'unknown') as segment,
        date_day,
        currency,
        spend
    from {{ ref('stg_meta_ads__insights_region') }}
    union all
    select
        'demographic_age' as segment_family,
        coalesce(age_band, 'unknown') as segment,
        date_day,
        currency,
        spend
    from {{ ref('stg_google_ads__age_daily') }}
    union all
    select
        'demographic_gender' as segment_family,
        coalesce(gender, 'unknown') as segment,
        date_day,
        currency,
        spend
    from {{ ref('stg_google_ads__gender_daily') }}
    union all
    select
        'geographic_province' as segment_family,
        coalesce(places.place_name, 'unknown') as segment,
        regions.date_day,
        regions.currency,
        regions.spend
    from {{ ref('stg_google_ads__region_daily') }} as regions
    left join {{ ref('stg_google_ads__geo_targets') }} as places
        on regions.region_id = places.geo_target_id
    union all
    select
        'demographic_age' as segment_family,
        coalesce(age_band, 'unknown') as segment,
        date_day,
        currency,
        spend
    from {{ ref('stg_tiktok_ads__audience_age_gender') }}
    union all
    select
        'demographic_gender' as segment_family,
        coalesce(gender, 'unknown') as segment,
        date_day,
        currency,
        spend
    from {{ ref('stg_tiktok_ads__audience_age_gender') }}
),

by_day as (
    select
        segment_family,
        segment,
        date_day,
        currency,
        {{ to_money('sum(spend)') }} as spend
    from broken_down
    group by segment_family, segment, date_day, currency
)

select
    {{ month_start('by_day.date_day') }} as month,
    by_day.segment_family,
    by_day.segment,
    {{ to_money('sum(' ~ to_reporting('by_day.spend', fx_rate('by_day.currency')) ~ ')') }} as spend
from by_day
left join {{ ref('int_fx_rates__daily') }} as fx
    on by_day.currency = fx.currency and by_day.date_day = fx.date_day
group by {{ month_start('by_day.date_day') }}, by_day.segment_family, by_day.segment
