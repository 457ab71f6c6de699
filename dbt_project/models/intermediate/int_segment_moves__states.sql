{# In which state the members of each month and of the one before it are, who move between segments. #}
{{ config(materialized='table') }}

with
months as (
    select
        month,
        lag(month) over (order by month asc nulls last) as previous_month
    from (select distinct month from {{ ref('int_customers__monthly') }}) as months_with_customers
),

states as (
    select
        months.month,
        months.previous_month,
        concat_ws(' ', cast(states.month as string), states.state) as state
    from months
    inner join {{ ref('int_members__states') }} as states
        on states.month in (months.month, months.previous_month)
)

select
    month,
    previous_month,
    {{ distinct_text('state') }} as state
from states
group by month, previous_month
