-- Revenue, orders and spend of each day are those of the facts, and so are the customers who were won.
with
orders as (
    select
        order_date as date_day,
        count(case when not is_credit_note then 1 end) as orders,
        count(case when order_number = 1 then 1 end) as new_customers,
        sum(net_amount_reporting) as net_revenue
    from {{ ref('fct_order') }}
    group by order_date
),

spent as (
    select
        date_day,
        sum(spend_reporting) as spend
    from {{ ref('fct_ad_daily') }}
    group by date_day
),

facts as (
    select
        date_day,
        orders.orders,
        orders.new_customers,
        orders.net_revenue,
        spent.spend
    from orders
    full join spent
        using (date_day)
)

select
    date_day,
    facts.net_revenue,
    days.net_revenue as net_revenue_of_day,
    facts.spend,
    days.spend as spend_of_day
from facts
full join {{ ref('mart_mer_daily') }} as days
    using (date_day)
where
    coalesce(facts.orders, 0) <> coalesce(days.orders, 0)
    or coalesce(facts.new_customers, 0) <> coalesce(days.new_customers, 0)
    or coalesce(facts.net_revenue, 0) <> coalesce(days.net_revenue, 0)
    or coalesce(facts.spend, 0) <> coalesce(days.spend, 0)
