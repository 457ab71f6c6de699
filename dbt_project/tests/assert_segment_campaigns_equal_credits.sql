-- Over the segments of each family, what is credited to a campaign is what fct_touch_credit has.
with
families as (
    {%- for family in families_by_campaign() %}
    select '{{ family }}' as segment_family{{ ' union all' if not loop.last }}
    {%- endfor %}
),

credited as (
    select
        {{ month_start('order_date') }} as month,
        campaign_key,
        attribution_model,
        sum(case when is_credit_note then 0 else credit end) as orders,
        sum(attributed_revenue_reporting) as revenue
    from {{ ref('fct_touch_credit') }}
    group by {{ month_start('order_date') }}, campaign_key, attribution_model
),

parted as (
    select
        month,
        segment_family,
        campaign_key,
        attribution_model,
        sum(attributed_orders) as orders,
        sum(attributed_revenue) as revenue
    from {{ ref('mart_segment_campaigns') }}
    group by month, segment_family, campaign_key, attribution_model
)

select
    credited.month,
    families.segment_family,
    credited.campaign_key,
    credited.attribution_model,
    credited.orders,
    parted.orders as orders_in_segments,
    credited.revenue,
    parted.revenue as revenue_in_segments
from credited
cross join families
left join parted
    on
        credited.month = parted.month
        and families.segment_family = parted.segment_family
        and credited.campaign_key = parted.campaign_key
        and credited.attribution_model = parted.attribution_model
where
    credited.orders is distinct from parted.orders
    or credited.revenue is distinct from parted.revenue
