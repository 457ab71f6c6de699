{# Every order of a month is in one segment of every family, so each family sums up to the month's total.
   Where a month has too few persons altogether, `__small__` tells the money but not how many they are. #}
with
shown as (
    select
        month,
        segment_family,
        shown_as as segment,
        {{ persons_told('shown_as') }} as persons,
        cast(sum(orders) as bigint) as orders,
        {{ to_money('sum(net_revenue)') }} as net_revenue,
        {{ to_money('sum(spend)') }} as spend
    from {{ ref('int_segments__sized') }}
    group by month, segment_family, shown_as
),

totals as (
    select
        *,
        {{ to_money('sum(net_revenue) over (partition by month, segment_family)') }} as month_net_revenue,
        {{ to_money('sum(spend) over (partition by month, segment_family)') }} as month_spend,
        {# Only what has a name can be aimed at. #}
        case when segment not in ('unknown', '__small__') then net_revenue end as named_net_revenue,
        case when segment not in ('unknown', '__small__') then coalesce(spend, 0) end as named_spend
    from shown
),

named_totals as (
    select
        *,
        sum(named_net_revenue) over (partition by month, segment_family) as month_named_net_revenue,
        case
            when month_spend is not null then sum(named_spend) over (partition by month, segment_family)
        end as month_named_spend
    from totals
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
    {{ ratio('spend', 'month_spend') }} as spend_share,
    {{ ratio('named_net_revenue', 'month_named_net_revenue') }} - {{ ratio('named_spend', 'month_named_spend') }} as share_gap,
    {{ to_money('month_named_spend * (' ~ ratio('named_net_revenue', 'month_named_net_revenue') ~ ')') }} as suggested_spend
from named_totals
