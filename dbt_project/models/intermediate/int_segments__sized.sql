{# How large each segment is in each month, and the name under which it is published: its own, or `__small__`
   for those of fewer than `min_segment_size` persons together with the next larger ones that it takes to
   hide them. #}
{{ config(materialized='table') }}

with
members as (
    select
        month,
        segment_family,
        segment,
        count(person_id) as persons,
        count(*) as members,
        cast(sum(orders) as bigint) as orders,
        {{ to_money('sum(net_revenue)') }} as net_revenue
    from {{ ref('int_segments__members') }}
    group by month, segment_family, segment
    {%- for family, prospects in [('lifecycle', 'prospects'), ('stakeholder', 'undeclared_prospects')] %}
    union all
    select
        month,
        '{{ family }}' as segment_family,
        'prospect' as segment,
        {{ prospects }} as persons,
        {{ prospects }} as members,
        cast(0 as bigint) as orders,
        cast(0 as decimal(18, 4)) as net_revenue
    from {{ ref('int_prospects__monthly') }}
    where {{ prospects }} > 0
    {%- endfor %}
),

spend as (
    select
        month,
        segment_family,
        segment,
        {{ to_money('sum(spend)') }} as spend
    from {{ ref('int_segments__spend') }}
    group by month, segment_family, segment
),

segments as (
    select
        month,
        segment_family,
        segment,
        coalesce(members.persons, 0) as persons,
        coalesce(members.members, 0) as members,
        coalesce(members.orders, 0) as orders,
        coalesce(members.net_revenue, cast(0 as decimal(18, 4))) as net_revenue,
        spend.spend
    from members
    full join spend
        using (month, segment_family, segment)
),

sized as (
    select
        *,
        {# Spend alone hides nobody, and orders without a known person tell of nobody, unless they have a
           trait of their own. #}
        persons < {{ min_segment_size() }}
        and (persons > 0 or (members > 0 and segment <> 'unknown')) as is_small
    from segments
)

select
    month,
    segment_family,
    segment,
    case
        when {{ is_pooled('is_small', 'month, segment_family', 'segment') }} then '__small__'
        else segment
    end as shown_as,
    persons,
    orders,
    net_revenue,
    spend
from sized
