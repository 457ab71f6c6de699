{# In which state what the members of each month come of is: what they ordered, what is known of customers at its end,
   the traits of those who ordered, and what persons did for the company. #}
{{ config(materialized='table') }}

with
orders as (
    select
        *,
        {{ month_start('order_date') }} as month
    from {{ ref('fct_order') }}
),

buyers as (
    select distinct
        month,
        person_id
    from orders
),

states as (
    select
        month,
        state
    from {{ ref('int_customers__states') }}
    union all
    select
        month,
        {{ rows_state(['order_key', 'country', 'province', 'city']) }} as state
    from orders
    group by month
    union all
    select
        buyers.month,
        {{ rows_state([
            'persons.person_id', 'persons.country', 'persons.province', 'persons.city', 'persons.birth_date',
            'persons.age_band_told', 'persons.gender',
        ]) }} as state
    from buyers
    inner join {{ ref('int_persons__unioned') }} as persons
        on buyers.person_id = persons.person_id
    group by buyers.month
    union all
    select
        month,
        {{ rows_state(['person_id', 'engagement']) }} as state
    from {{ ref('int_engagement__monthly') }}
    where not is_public
    group by month
),

{# Lists say what somebody is now, and so for every month. #}
declared as (
    select {{ rows_state(['person_id', 'declared_stakeholder']) }} as state
    from {{ ref('int_persons__unioned') }}
    where declared_stakeholder is not null
)

select
    states.month,
    concat_ws('|', {{ distinct_text('states.state') }}, max(declared.state)) as state
from states
cross join declared
group by states.month
