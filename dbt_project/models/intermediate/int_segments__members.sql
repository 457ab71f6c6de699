{# Which segment of each family each person (or order without a known person) belongs to in each month,
   and what they ordered in it. Every order of a month is in exactly one segment of every family. Persons
   who have not ordered are here where a list declares them or they did something for the company. #}
{{ config(materialized='table') }}

with
activity as (
    select
        {{ month_start('order_date') }} as month,
        person_id,
        {# An order without a person stands for one person, as far as hiding small segments goes. #}
        coalesce(person_id, order_key) as member_id,
        case when person_id is null then country end as order_country,
        case when person_id is null then province end as order_province,
        case when person_id is null then city end as order_city,
        count(case when not is_credit_note then 1 end) as orders,
        {{ to_money('sum(net_amount_reporting)') }} as net_revenue
    from {{ ref('fct_order') }}
    group by
        {{ month_start('order_date') }},
        person_id,
        coalesce(person_id, order_key),
        case when person_id is null then country end,
        case when person_id is null then province end,
        case when person_id is null then city end
),

described as (
    select
        activity.month,
        activity.member_id,
        activity.person_id,
        activity.orders,
        activity.net_revenue,
        coalesce(persons.country, activity.order_country, 'unknown') as country,
        coalesce(persons.province, activity.order_province, 'unknown') as province,
        {# Places of one name in two provinces are two. #}
        case
            when coalesce(persons.city, activity.order_city) is null then 'unknown'
            else
                concat_ws(
                    ', ',
                    coalesce(persons.city, activity.order_city),
                    coalesce(persons.province, activity.order_province)
                )
        end as city,
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

{# Customers at the month's end, and who ordered in it without being one: nobody knows who, or only a credit
   note is known of them. #}
buyers as (
    select
        month,
        person_id,
        coalesce(activity.member_id, person_id) as member_id,
        coalesce(activity.orders, 0) as orders,
        coalesce(activity.net_revenue, cast(0 as decimal(18, 4))) as net_revenue,
        coalesce(customers.rfm_segment, 'unknown') as rfm_segment,
        coalesce(customers.lifecycle_stage, 'unknown') as lifecycle_stage,
        case when customers.rfm_segment is null then 'unknown' else 'customer' end as undeclared_stakeholder,
        case when customers.rfm_segment is null then 'unknown' else 'non_engager' end as unengaged
    from activity
    full join {{ ref('int_customers__monthly') }} as customers
        using (month, person_id)
),

standing as (
    select
        buyers.month,
        buyers.member_id,
        buyers.person_id,
        buyers.orders,
        buyers.net_revenue,
        buyers.rfm_segment,
        buyers.lifecycle_stage,
        coalesce(persons.declared_stakeholder, buyers.undeclared_stakeholder) as stakeholder,
        coalesce(engagement.engagement, buyers.unengaged) as engagement,
        case
            when worth.decile is null then 'unknown'
            else concat('decile_', lpad(cast(worth.decile as string), 2, '0'))
        end as value_decile
    from buyers
    left join {{ ref('int_persons__unioned') }} as persons
        on buyers.person_id = persons.person_id
    left join {{ ref('int_engagement__monthly') }} as engagement
        on buyers.person_id = engagement.person_id and buyers.month = engagement.month
    left join {{ ref('mart_customer_value') }} as worth
        on buyers.person_id = worth.person_id
),

months as (
    select distinct month from {{ ref('int_customers__monthly') }}
),

{# Lists say what somebody is now, and so for every month. #}
declared as (
    select
        months.month,
        persons.person_id,
        persons.declared_stakeholder
    from {{ ref('int_persons__unioned') }} as persons
    cross join months
    where persons.declared_stakeholder is not null
),

engaged as (
    select
        months.month,
        engagement.person_id,
        engagement.engagement,
        engagement.is_public
    from {{ ref('int_engagement__monthly') }} as engagement
    inner join months
        on engagement.month = months.month
),

others as (
    select
        month,
        'stakeholder' as segment_family,
        declared_stakeholder as segment,
        person_id
    from declared
    union all
    select
        month,
        'stakeholder' as segment_family,
        'public' as segment,
        person_id
    from engaged
    where is_public
    union all
    select
        month,
        'engagement' as segment_family,
        engagement as segment,
        person_id
    from engaged
    where not is_public
)

{%- for rows, families in [('described', trait_families()), ('standing', standing_families())] %}
{%- for family, column in families.items() %}
select
    month,
    '{{ family }}' as segment_family,
    {{ column }} as segment,
    member_id,
    person_id,
    orders,
    net_revenue
from {{ rows }}
union all
{%- endfor %}
{%- endfor %}
select
    others.month,
    others.segment_family,
    others.segment,
    others.person_id as member_id,
    others.person_id,
    cast(0 as bigint) as orders,
    cast(0 as decimal(18, 4)) as net_revenue
from others
left join buyers
    on others.person_id = buyers.person_id and others.month = buyers.month
where buyers.member_id is null
