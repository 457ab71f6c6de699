{# Units of the reporting currency for one unit of each currency, for every day: a day without a
   publication carries the last one forward, for `fx_carry_days` at most. #}
{{ config(materialized='table') }}

with
rates as (
    select
        rate_date,
        currency,
        units_per_euro
    from {{ ref('stg_ecb__rates') }}
    union all
    select distinct
        rate_date,
        'EUR' as currency,
        cast(1 as decimal(18, 6)) as units_per_euro
    from {{ ref('stg_ecb__rates') }}
),

spans as (
    select
        rate_date,
        currency,
        units_per_euro,
        lead(rate_date) over (partition by currency order by rate_date nulls last) as next_rate_date
    from rates
),

carried_days as (
    {%- for days in range(var('fx_carry_days') + 1) %}
    select {{ days }} as days{{ ' union all' if not loop.last }}
    {%- endfor %}
),

daily as (
    select
        spans.currency,
        spans.rate_date + carried_days.days as date_day,
        spans.rate_date,
        spans.units_per_euro
    from spans
    cross join carried_days
    where
        spans.next_rate_date is null
        or spans.rate_date + carried_days.days < spans.next_rate_date
)

select
    daily.currency,
    daily.date_day,
    daily.rate_date,
    cast({{ ratio('reporting.units_per_euro', 'daily.units_per_euro') }} as decimal(20, 14)) as rate
from daily
inner join daily as reporting
    on
        daily.date_day = reporting.date_day
        and reporting.currency = '{{ reporting_currency() }}'
