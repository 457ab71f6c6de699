-- Attributed + unattributed = recorded: orders and revenue of every day, under every model.
with
models as (
    {{ attribution_model_rows() }}
),

recorded as (
    select
        orders.order_date as date_day,
        models.attribution_model,
        count(case when not orders.is_credit_note then 1 end) as orders,
        sum(orders.net_amount_reporting) as revenue
    from {{ ref('fct_order') }} as orders
    cross join models
    group by orders.order_date, models.attribution_model
),

attributed as (
    select
        date_day,
        attribution_model,
        sum(attributed_orders) as orders,
        sum(attributed_revenue) as revenue
    from {{ ref('mart_campaign_roi') }}
    group by date_day, attribution_model
)

select
    date_day,
    attribution_model,
    recorded.orders as recorded_orders,
    attributed.orders as attributed_orders,
    recorded.revenue as recorded_revenue,
    attributed.revenue as attributed_revenue
from recorded
full join attributed
    using (date_day, attribution_model)
where
    coalesce(recorded.orders, 0) <> coalesce(attributed.orders, 0)
    or coalesce(recorded.revenue, 0) <> coalesce(attributed.revenue, 0)
