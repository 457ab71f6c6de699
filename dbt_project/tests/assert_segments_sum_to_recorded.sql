-- Each family holds every order of the month once, hidden segments included.
with
recorded as (
    select
        {{ month_start('order_date') }} as month,
        count(case when not is_credit_note then 1 end) as orders,
        sum(net_amount_reporting) as net_revenue
    from {{ ref('fct_order') }}
    group by {{ month_start('order_date') }}
),

families as (
    {%- for family in segment_families() %}
    select '{{ family }}' as segment_family{{ ' union all' if not loop.last }}
    {%- endfor %}
),

segments as (
    select
        month,
        segment_family,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue
    from {{ ref('mart_audience_segments') }}
    group by month, segment_family
)

select
    recorded.month,
    families.segment_family,
    recorded.orders,
    segments.orders as orders_in_segments,
    recorded.net_revenue,
    segments.net_revenue as net_revenue_in_segments
from recorded
cross join families
left join segments
    on recorded.month = segments.month and families.segment_family = segments.segment_family
where
    recorded.orders is distinct from segments.orders
    or recorded.net_revenue is distinct from segments.net_revenue
