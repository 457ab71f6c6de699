{# Each customer, and each order without a known person, of each month: what they ordered in it, and the segment of
   each family that they belong to. By traits, who ordered in the month; by standing, all customers at its end. #}
{{ config(**replaced_by_month('int_members__states')) }}

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
    where {{ in_affected_months(ref('int_members__states'), month_start('order_date')) }}
    group by
        {{ month_start('order_date') }},
        person_id,
        coalesce(person_id, order_key),
        case when person_id is null then country end,
        case when person_id is null then province end,
        case when person_id is null then city end
),

customers as (
    select *
    from {{ ref('int_customers__monthly') }}
    where {{ in_affected_months(ref('int_members__states'), 'month') }}
),

worth as (
    select
        valuation.month,
        customer.person_id,
        customer.decile
    from {{ ref('int_customers__valuation') }} as valuation
    {{ explode('valuation.customers', 'customer') }}
    where {{ in_affected_months(ref('int_members__states'), 'valuation.month') }}
),

{# Customers at the month's end, and who ordered in it without being one: nobody knows who, or only a credit
   note is known of them. #}
buyers as (
    select
        month,
        person_id,
        activity.member_id is not null as has_ordered,
        coalesce(activity.member_id, person_id) as member_id,
        activity.order_country,
        activity.order_province,
        activity.order_city,
        coalesce(activity.orders, 0) as orders,
        coalesce(activity.net_revenue, cast(0 as decimal(18, 4))) as net_revenue,
        customers.rfm_segment,
        customers.lifecycle_stage
    from activity
    full join customers
        using (month, person_id)
)

select
    buyers.month,
    buyers.member_id,
    buyers.person_id,
    buyers.orders,
    buyers.net_revenue,
    case when buyers.has_ordered then coalesce(persons.country, buyers.order_country, 'unknown') end as country,
    case when buyers.has_ordered then coalesce(persons.province, buyers.order_province, 'unknown') end as province,
    {# Places of one name in two provinces are two. #}
    case
        when not buyers.has_ordered then null
        when coalesce(persons.city, buyers.order_city) is null then 'unknown'
        else
            concat_ws(
                ', ',
                coalesce(persons.city, buyers.order_city),
                coalesce(persons.province, buyers.order_province)
            )
    end as city,
    case
        when buyers.has_ordered
            then coalesce(
                {{ age_band('persons.birth_date', month_end('buyers.month')) }},
                persons.age_band_told,
                'unknown'
            )
    end as age_band,
    case when buyers.has_ordered then coalesce(persons.gender, 'unknown') end as gender,
    coalesce(buyers.rfm_segment, 'unknown') as rfm_segment,
    coalesce(buyers.lifecycle_stage, 'unknown') as lifecycle_stage,
    coalesce(
        persons.declared_stakeholder,
        case when buyers.rfm_segment is null then 'unknown' else 'customer' end
    ) as stakeholder,
    coalesce(
        engagement.engagement,
        case when buyers.rfm_segment is null then 'unknown' else 'non_engager' end
    ) as engagement,
    case
        when worth.decile is null then 'unknown'
        else concat('decile_', lpad(cast(worth.decile as string), 2, '0'))
    end as value_decile
from buyers
left join {{ ref('int_persons__unioned') }} as persons
    on buyers.person_id = persons.person_id
left join {{ ref('int_engagement__monthly') }} as engagement
    on buyers.person_id = engagement.person_id and buyers.month = engagement.month
left join worth
    on buyers.person_id = worth.person_id and buyers.month = worth.month
