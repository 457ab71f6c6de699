{# Revenue of the treated and of the control regions, day by day: `geo_test_before_days` before an
   experiment, during it, and `geo_test_cooldown_days` after it, when those whom it moved still buy. #}
with
experiments as (
    select
        experiment,
        min(utm_campaign) as utm_campaign,
        min(first_day) as first_day,
        max(last_day) as last_day
    from {{ ref('stg_files__experiments') }}
    group by experiment
),

days as (
    select
        experiments.experiment,
        experiments.utm_campaign,
        calendar.date_day,
        calendar.date_day >= experiments.first_day as is_test
    from experiments
    inner join {{ ref('dim_date') }} as calendar
        on
            calendar.date_day >= experiments.first_day - interval {{ var('geo_test_before_days') }} day
            and calendar.date_day <= experiments.last_day + interval {{ var('geo_test_cooldown_days') }} day
),

{# Before the first order there is nothing to compare, and after the last nothing is known yet. #}
known as (
    select
        min(order_date) as first_day,
        max(order_date) as last_day
    from {{ ref('fct_order') }}
),

revenue as (
    select
        regions.experiment,
        orders.order_date,
        {{ to_money("sum(case when regions.test_group = 'treatment' then orders.net_amount_reporting else 0 end)") }}
            as treatment,
        {{ to_money("sum(case when regions.test_group = 'control' then orders.net_amount_reporting else 0 end)") }}
            as control
    from {{ ref('fct_order') }} as orders
    inner join {{ ref('stg_files__experiments') }} as regions
        on orders.country = regions.country and orders.province = regions.province
    group by regions.experiment, orders.order_date
),

spent as (
    select
        tags.tag as utm_campaign,
        ads.date_day,
        {{ to_money('sum(ads.spend_reporting)') }} as spend
    from {{ ref('fct_ad_daily') }} as ads
    inner join {{ ref('int_campaigns__link_tags') }} as tags
        on
            tags.parameter = 'utm_campaign'
            and ads.source = tags.source
            and ads.account_id = tags.account_id
            and ads.campaign_id = tags.campaign_id
    group by tags.tag, ads.date_day
)

select
    days.experiment,
    days.date_day,
    days.is_test,
    coalesce(revenue.treatment, cast(0 as decimal(18, 4))) as treatment,
    coalesce(revenue.control, cast(0 as decimal(18, 4))) as control,
    coalesce(spent.spend, cast(0 as decimal(18, 4))) as spend
from days
inner join known
    on days.date_day >= known.first_day and days.date_day <= known.last_day
left join revenue
    on days.experiment = revenue.experiment and days.date_day = revenue.order_date
left join spent
    on lower(days.utm_campaign) = spent.utm_campaign and days.date_day = spent.date_day
