{# How many persons were known or seen, and had not yet ordered, at the end of each month of orders; and how
   many of them no list declares to be something else to the company. A table, since its tests and the sizes of
   segments read it. #}
{{ config(materialized='table') }}

with
sightings as (
    select
        person_id,
        {{ reporting_date('known_since') }} as first_day
    from {{ ref('int_persons__unioned') }}
    union all
    select
        person_id,
        {{ reporting_date('first_seen_at') }} as first_day
    from {{ ref('int_visitors__linked') }}
),

first_days as (
    select
        person_id,
        min(first_day) as first_day
    from sightings
    group by person_id
),

first_orders as (
    select
        person_id,
        min(order_date) as first_order_date
    from {{ ref('fct_order') }}
    where person_id is not null and not is_credit_note
    group by person_id
),

{# Someone whom a source knows since it cannot say when counts from their first order on. #}
waits as (
    select
        {{ month_start('first_days.first_day') }} as from_month,
        {{ month_start('first_orders.first_order_date') }} as until_month,
        count(*) as persons,
        count(case when persons.declared_stakeholder is null then 1 end) as undeclared_persons
    from first_days
    left join first_orders
        on first_days.person_id = first_orders.person_id
    left join {{ ref('int_persons__unioned') }} as persons
        on first_days.person_id = persons.person_id
    where first_days.first_day is not null
    group by {{ month_start('first_days.first_day') }}, {{ month_start('first_orders.first_order_date') }}
),

months as (
    select distinct month
    from {{ ref('int_customers__monthly') }}
)

select
    months.month,
    cast(coalesce(sum(waits.persons), 0) as bigint) as prospects,
    cast(coalesce(sum(waits.undeclared_persons), 0) as bigint) as undeclared_prospects
from months
left join waits
    on
        months.month >= waits.from_month
        and (waits.until_month is null or months.month < waits.until_month)
group by months.month
having coalesce(sum(waits.persons), 0) > 0
