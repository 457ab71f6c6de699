-- Each order is credited exactly once under each model, and its money is all there.
with
credited as (
    select
        order_key,
        attribution_model,
        sum(credit) as credit,
        sum(attributed_revenue) as revenue,
        sum(attributed_revenue_reporting) as revenue_reporting
    from {{ ref('fct_touch_credit') }}
    group by order_key, attribution_model
),

models as (
    {{ attribution_model_rows() }}
)

select
    orders.order_key,
    models.attribution_model,
    credited.credit,
    orders.net_amount,
    credited.revenue,
    orders.net_amount_reporting,
    credited.revenue_reporting
from {{ ref('fct_order') }} as orders
cross join models
left join credited
    on orders.order_key = credited.order_key and models.attribution_model = credited.attribution_model
where
    credited.credit is distinct from 1
    or credited.revenue is distinct from orders.net_amount
    or credited.revenue_reporting is distinct from orders.net_amount_reporting
