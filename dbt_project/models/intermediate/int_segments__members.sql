{# Which segment of each family each person (or order without a known person) belongs to in each month,
   and what they ordered in it. Every order of a month is in exactly one segment of every family. #}
{{ config(materialized='table') }}

with
activity as (
    select
        {{ month_start('order_date') }} as month,
        person_id,
        {# An order without a person stands for one person, as far as hiding small segments goes. #}
        case when person_id is null then order_key end as unknown_person,
        case when person_id is null then country end as order_country,
        case when person_id is null then province end as order_province,
        count(case when not is_credit_note then 1 end) as orders,
        {{ to_money('sum(net_amount_reporting)') }} as net_revenue
    from {{ ref('fct_order') }}
    group by
        {{ month_start('order_date') }},
        person_id,
        case when person_id is null then order_key end,
        case when person_id is null then country end,
        case when person_id is null then province end
),

described as (
    select
        activity.month,
        activity.person_id,
        activity.orders,
        activity.net_revenue,
        coalesce(persons.country, activity.order_country, 'unknown') as country,
        coalesce(persons.province, activity.order_province, 'unknown') as province,
        coalesce(
            {{ age_band('persons.birth_date', month_end('activity.month')) }},
            persons.age_band_told,
            'unknown'
        ) as age_band,
        coalesce(persons.gender, 'unknown') as gender
    from activity
    left join {{ ref('int_persons__unioned') }} as persons
        on activity.person_id = persons.person_id
),

outside_snapshot as (
    select
        activity.month,
        activity.person_id,
        activity.orders,
        activity.net_revenue
    from activity
    left join {{ ref('int_customers__monthly') }} as customers
        on activity.person_id = customers.person_id and activity.month = customers.month
    where customers.person_id is null
)

{%- for family, column in [
    ('geographic_country', 'country'), ('geographic_province', 'province'),
    ('demographic_age', 'age_band'), ('demographic_gender', 'gender')
] %}
select
    month,
    '{{ family }}' as segment_family,
    {{ column }} as segment,
    person_id,
    orders,
    net_revenue
from described
union all
{%- endfor %}
{%- for family, column in [('rfm', 'rfm_segment'), ('lifecycle', 'lifecycle_stage')] %}
select
    month,
    '{{ family }}' as segment_family,
    {{ column }} as segment,
    person_id,
    orders,
    net_revenue
from {{ ref('int_customers__monthly') }}
union all
select
    month,
    '{{ family }}' as segment_family,
    'unknown' as segment,
    person_id,
    orders,
    net_revenue
from outside_snapshot
{{ 'union all' if not loop.last }}
{%- endfor %}
