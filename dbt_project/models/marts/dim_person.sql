with
orders as (
    select
        person_id,
        count(case when not is_credit_note then 1 end) as orders,
        min(case when not is_credit_note then ordered_at end) as first_order_at,
        max(case when not is_credit_note then ordered_at end) as last_order_at,
        {{ to_money('sum(net_amount_reporting)') }} as net_revenue
    from {{ ref('fct_order') }}
    where person_id is not null
    group by person_id
),

visits as (
    select
        person_id,
        min(first_seen_at) as first_seen_at,
        sum(sessions) as sessions
    from {{ ref('int_visitors__linked') }}
    group by person_id
),

{# Visitors behind whom nobody is known: each is a person of their own, or all that signed in as one. #}
unknown_visitors as (
    select
        person_id,
        country,
        province,
        city,
        1 as newest_rank
    from {{ ref('int_visitors__linked') }}
    where link_basis in ('none', 'shared')
    union all
    select
        person_id,
        country,
        province,
        city,
        row_number() over (
            partition by person_id
            order by last_seen_at desc nulls last, visitor_id asc nulls last
        ) as newest_rank
    from {{ ref('int_visitors__linked') }}
    where link_basis = 'user_id'
),

newest_month as (
    select max(month) as month from {{ ref('int_customers__monthly') }}
),

stages as (
    select
        customers.person_id,
        customers.snapshot_date,
        customers.lifecycle_stage,
        customers.rfm_segment
    from {{ ref('int_customers__monthly') }} as customers
    inner join newest_month
        on customers.month = newest_month.month
),

persons as (
    select
        person_id,
        known_since,
        gender,
        birth_date,
        age_band_told,
        marketing_state,
        is_crm_member,
        declared_stakeholder,
        country,
        province,
        city,
        true as is_known
    from {{ ref('int_persons__unioned') }}
    union all
    select
        person_id,
        cast(null as timestamp) as known_since,
        cast(null as string) as gender,
        cast(null as date) as birth_date,
        cast(null as string) as age_band_told,
        cast(null as string) as marketing_state,
        false as is_crm_member,
        cast(null as string) as declared_stakeholder,
        country,
        province,
        city,
        false as is_known
    from unknown_visitors
    where newest_rank = 1
)

select
    persons.person_id,
    persons.is_known,
    case when coalesce(orders.orders, 0) > 0 then 'customer' else 'prospect' end as person_kind,
    coalesce(
        persons.declared_stakeholder,
        case when coalesce(orders.orders, 0) > 0 then 'customer' else 'prospect' end
    ) as stakeholder,
    coalesce(stages.lifecycle_stage, 'prospect') as lifecycle_stage,
    stages.rfm_segment,
    persons.gender,
    coalesce(
        {{ age_band('persons.birth_date', 'stages.snapshot_date') }},
        persons.age_band_told
    ) as age_band,
    cast(year(persons.birth_date) as int) as birth_year,
    persons.country,
    persons.province,
    persons.city,
    {{ geo_key('persons.country', 'persons.province', 'persons.city') }} as geo_id,
    persons.is_crm_member,
    persons.marketing_state,
    least(
        coalesce(persons.known_since, visits.first_seen_at),
        coalesce(visits.first_seen_at, persons.known_since)
    ) as first_seen_at,
    orders.first_order_at,
    orders.last_order_at,
    coalesce(orders.orders, 0) as orders,
    coalesce(orders.net_revenue, cast(0 as decimal(18, 4))) as net_revenue_reporting,
    cast(coalesce(visits.sessions, 0) as bigint) as sessions
from persons
left join orders
    on persons.person_id = orders.person_id
left join visits
    on persons.person_id = visits.person_id
left join stages
    on persons.person_id = stages.person_id
