{# What was sold each day in the countries that a crisis exposes: those where the languages of at least a third
   of its mentions are spoken (`language_countries`), if anything ever was sold there. The last day with orders may not be complete. #}
with
spoken as (
    {%- for language, countries in var('language_countries').items() %}
    {%- set outer = loop %}
    {%- for country in countries %}
    select
        '{{ language }}' as language,
        '{{ country }}' as country
    {{ 'union all' if not (outer.last and loop.last) }}
    {%- endfor %}
    {%- endfor %}
),

languages as (
    select
        crisis_started_at,
        language,
        count(*) as mentions
    from {{ ref('int_crises__mentions') }}
    group by crisis_started_at, language
),

shared as (
    select
        crisis_started_at,
        language,
        mentions,
        sum(mentions) over (partition by crisis_started_at) as mentions_in_all
    from languages
),

exposed as (
    select
        shared.crisis_started_at,
        spoken.country
    from shared
    inner join spoken
        on shared.language = spoken.language
    where shared.mentions * 3 >= shared.mentions_in_all
),

sold as (
    select
        order_date as date_day,
        country,
        count(case when not is_credit_note then 1 end) as orders,
        sum(net_amount_reporting) as net_revenue
    from {{ ref('fct_order') }}
    group by order_date, country
),

bounds as (
    select
        min(date_day) as first_day,
        max(date_day) as last_day
    from sold
),

days as (
    select calendar.date_day
    from {{ ref('dim_date') }} as calendar
    inner join bounds
        on calendar.date_day >= bounds.first_day and calendar.date_day < bounds.last_day
),

countries as (
    select distinct country from sold
)

select
    exposed.crisis_started_at,
    {{ reporting_date('exposed.crisis_started_at') }} as started_date,
    exposed.country,
    days.date_day,
    coalesce(sold.orders, 0) as orders,
    coalesce(sold.net_revenue, 0) as net_revenue
from exposed
inner join countries
    on exposed.country = countries.country
cross join days
left join sold
    on exposed.country = sold.country and days.date_day = sold.date_day
