-- What the cohorts of a month brought until now is what was recorded of the customers who first ordered in it.
with
customers as (
    select
        person_id,
        {{ month_start('order_date') }} as cohort_month
    from {{ ref('fct_order') }}
    where order_number = 1
),

recorded as (
    select
        customers.cohort_month,
        count(case when orders.order_number = 1 then 1 end) as customers,
        count(case when not orders.is_credit_note then 1 end) as orders,
        sum(orders.net_amount_reporting) as net_revenue,
        case
            when count(*) = count(costs.cost_reporting) then sum(orders.net_amount_reporting - costs.cost_reporting)
        end as margin
    from {{ ref('fct_order') }} as orders
    inner join customers
        on orders.person_id = customers.person_id
    left join {{ ref('int_order_costs__summed') }} as costs
        on orders.order_key = costs.order_key
    group by customers.cohort_month
),

cohorts as (
    select
        cohort_month,
        sum(case when months_since = 0 then customers else 0 end) as customers,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue,
        case when count(*) = count(margin) then sum(margin) end as margin
    from {{ ref('mart_cohort_ltv') }}
    where customers > 0
    group by cohort_month
)

select
    cohort_month,
    recorded.customers as recorded_customers,
    cohorts.customers,
    recorded.net_revenue as recorded_net_revenue,
    cohorts.net_revenue,
    recorded.margin as recorded_margin,
    cohorts.margin
from recorded
full join cohorts
    using (cohort_month)
where
    recorded.customers is distinct from cohorts.customers
    or recorded.orders is distinct from cohorts.orders
    or recorded.net_revenue is distinct from cohorts.net_revenue
    or recorded.margin is distinct from cohorts.margin
