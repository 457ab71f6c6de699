{# Whole years, from that of the first figure to that of the last. #}
with recursive
bounds as (
    select
        min(first_day) as first_day,
        max(last_day) as last_day
    from (
        select
            min(order_date) as first_day,
            max(order_date) as last_day
        from {{ ref('fct_order') }}
        union all
        select
            min(refund_date) as first_day,
            max(refund_date) as last_day
        from {{ ref('fct_refund') }}
        union all
        select
            min(date_day) as first_day,
            max(date_day) as last_day
        from {{ ref('fct_ad_daily') }}
        union all
        select
            min(date_day) as first_day,
            max(date_day) as last_day
        from {{ ref('fct_post_daily') }}
        union all
        select
            min(published_date) as first_day,
            max(published_date) as last_day
        from {{ ref('int_posts__unioned') }}
        union all
        select
            min(date_day) as first_day,
            max(date_day) as last_day
        from {{ ref('fct_audience_daily') }}
        union all
        select
            min(created_date) as first_day,
            max(created_date) as last_day
        from {{ ref('fct_content') }}
        union all
        select
            min(session_date) as first_day,
            max(session_date) as last_day
        from {{ ref('fct_session') }}
        union all
        select
            min(date_day) as first_day,
            max(date_day) as last_day
        from {{ ref('mart_web_daily') }}
    ) as facts
),

days as (
    select cast(date_trunc('year', first_day) as date) as date_day
    from bounds
    where first_day is not null
    union all
    select days.date_day + 1 as date_day
    from days
    cross join bounds
    where days.date_day < cast(date_trunc('year', bounds.last_day) + interval 1 year as date) - 1
)

select
    date_day,
    cast(year(date_day) as int) as year,
    cast(quarter(date_day) as int) as quarter,
    cast(month(date_day) as int) as month,
    {{ month_name('date_day') }} as year_month,
    {{ month_start('date_day') }} as month_start,
    {{ iso_week('date_day') }} as iso_week,
    cast({{ iso_weekday('date_day') }} as int) as weekday,
    {{ iso_weekday('date_day') }} >= 6 as is_weekend
from days
