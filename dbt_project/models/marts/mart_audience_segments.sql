{#
Every order of a month is in one segment of every family, so each family sums up to the month's total.

A segment of fewer than `min_segment_size` persons is not shown: it goes into `__small__`, together with
the next larger ones until that holds enough, since a single hidden segment could be told from the
total. Where a month has too few persons altogether, `__small__` tells the money but not how many they are.
#}
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
    union all
    select
        month,
        'lifecycle' as segment_family,
        'prospect' as segment,
        prospects as persons,
        prospects as members,
        cast(0 as bigint) as orders,
        cast(0 as decimal(18, 4)) as net_revenue
    from {{ ref('int_prospects__monthly') }}
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
    full join {{ ref('int_segments__spend') }} as spend
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
),

ranked as (
    select
        *,
        coalesce(sum(persons) over smaller, 0) as persons_before,
        coalesce(sum(case when is_small then 1 else 0 end) over smaller, 0) as small_before
    from sized
    window
        smaller as (
            partition by month, segment_family
            order by persons asc nulls last, segment asc nulls last
            rows between unbounded preceding and 1 preceding
        )
),

shown as (
    select
        month,
        segment_family,
        case
            when is_small then '__small__'
            when persons > 0 and small_before > 0 and persons_before < {{ min_segment_size() }} then '__small__'
            else segment
        end as segment,
        persons,
        orders,
        net_revenue,
        spend
    from ranked
),

pooled as (
    select
        month,
        segment_family,
        segment,
        case
            when segment <> '__small__' or sum(persons) >= {{ min_segment_size() }}
                then cast(sum(persons) as bigint)
        end as persons,
        cast(sum(orders) as bigint) as orders,
        {{ to_money('sum(net_revenue)') }} as net_revenue,
        {{ to_money('sum(spend)') }} as spend
    from shown
    group by month, segment_family, segment
),

totals as (
    select
        pooled.*,
        {{ to_money('sum(net_revenue) over (partition by month, segment_family)') }} as month_net_revenue,
        {{ to_money('sum(spend) over (partition by month, segment_family)') }} as month_spend
    from pooled
)

select
    {{ surrogate_key(['month', 'segment_family', 'segment']) }} as audience_segment_key,
    month,
    segment_family,
    segment,
    persons,
    orders,
    net_revenue,
    spend,
    month_net_revenue,
    month_spend,
    {{ ratio('net_revenue', 'orders') }} as aov,
    {{ ratio('net_revenue', 'month_net_revenue') }} as value_share,
    {{ ratio('spend', 'month_spend') }} as spend_share
from totals
