-- Over all channels, a region's month is credited with the orders and the revenue of its addresses, under every model.
with
models as (
    {{ attribution_model_rows() }}
),

recorded as (
    select
        {{ month_start('orders.order_date') }} as month,
        coalesce(orders.country, 'unknown') as country,
        coalesce(orders.province, 'unknown') as province,
        models.attribution_model,
        count(case when not orders.is_credit_note then 1 end) as orders,
        sum(orders.net_amount_reporting) as revenue
    from {{ ref('fct_order') }} as orders
    cross join models
    group by
        {{ month_start('orders.order_date') }}, coalesce(orders.country, 'unknown'),
        coalesce(orders.province, 'unknown'), models.attribution_model
),

attributed as (
    select
        month,
        country,
        province,
        attribution_model,
        sum(attributed_orders) as orders,
        sum(attributed_revenue) as revenue
    from {{ ref('mart_channel_roi') }}
    group by month, country, province, attribution_model
)

select
    month,
    country,
    province,
    attribution_model,
    recorded.orders as recorded_orders,
    attributed.orders as attributed_orders,
    recorded.revenue as recorded_revenue,
    attributed.revenue as attributed_revenue
from recorded
full join attributed
    using (month, country, province, attribution_model)
where
    coalesce(recorded.orders, 0) <> coalesce(attributed.orders, 0)
    or coalesce(recorded.revenue, 0) <> coalesce(attributed.revenue, 0)
