{# Customers at the end of each month since their first order: what they did in the month, and what
   recency, frequency and money they then had. The running month ends on the newest order's day. #}
{{ config(materialized='table') }}

with
activity as (
    select
        person_id,
        {{ month_start('order_date') }} as month,
        count(case when not is_credit_note then 1 end) as orders,
        {{ to_money('sum(net_amount_reporting)') }} as net_revenue,
        min(case when not is_credit_note then order_date end) as first_order_date,
        max(case when not is_credit_note then order_date end) as last_order_date
    from {{ ref('fct_order') }}
    where person_id is not null
    group by person_id, {{ month_start('order_date') }}
),

newest as (
    select max(order_date) as newest_order_date from {{ ref('fct_order') }}
),

bounds as (
    select
        min(month) as first_month,
        max(month) as last_month
    from activity
),

months as (
    select distinct dates.month_start as month
    from {{ ref('dim_date') }} as dates
    inner join bounds
        on dates.month_start between bounds.first_month and bounds.last_month
),

customers as (
    select
        person_id,
        min(month) as first_month,
        min(first_order_date) as first_order_date
    from activity
    group by person_id
),

spine as (
    select
        customers.person_id,
        customers.first_order_date as first_order_date_ever,
        months.month
    from customers
    inner join months
        on customers.first_month <= months.month
),

running as (
    select
        spine.person_id,
        spine.month,
        spine.first_order_date_ever,
        coalesce(activity.orders, 0) as orders,
        coalesce(activity.net_revenue, cast(0 as decimal(18, 4))) as net_revenue,
        activity.first_order_date as first_order_date_in_month,
        sum(coalesce(activity.orders, 0)) over up_to_now as orders_to_date,
        sum(coalesce(activity.net_revenue, 0)) over up_to_now as net_revenue_to_date,
        max(activity.last_order_date) over up_to_now as last_order_date,
        max(activity.last_order_date) over before_now as last_order_date_before
    from spine
    left join activity
        on spine.person_id = activity.person_id and spine.month = activity.month
    window
        up_to_now as (
            partition by spine.person_id order by spine.month asc nulls last
            rows between unbounded preceding and current row
        ),
        before_now as (
            partition by spine.person_id order by spine.month asc nulls last
            rows between unbounded preceding and 1 preceding
        )
),

{# Someone whose only record is a credit note never bought, here and in these months. #}
buyers as (
    select
        running.person_id,
        running.month,
        least({{ month_end('running.month') }}, newest.newest_order_date) as snapshot_date,
        running.orders,
        running.net_revenue,
        running.first_order_date_ever,
        running.first_order_date_in_month,
        cast(running.orders_to_date as bigint) as orders_to_date,
        {{ to_money('running.net_revenue_to_date') }} as net_revenue_to_date,
        running.last_order_date,
        running.last_order_date_before
    from running
    cross join newest
    where running.orders_to_date > 0
),

scored as (
    select
        *,
        ntile(5) over (
            partition by month
            order by last_order_date asc nulls last, person_id asc nulls last
        ) as recency,
        ntile(5) over (
            partition by month
            order by orders_to_date asc nulls last, person_id asc nulls last
        ) as frequency,
        ntile(5) over (
            partition by month
            order by net_revenue_to_date asc nulls last, person_id asc nulls last
        ) as monetary
    from buyers
)

select
    person_id,
    month,
    snapshot_date,
    orders,
    net_revenue,
    orders_to_date,
    net_revenue_to_date,
    last_order_date,
    recency,
    frequency,
    monetary,
    {{ rfm_segment('recency', 'frequency', 'monetary') }} as rfm_segment,
    case
        when {{ month_start('first_order_date_ever') }} = month then 'new'
        when
            orders > 0
            and {{ days_between('last_order_date_before', 'first_order_date_in_month') }} > {{ var('lapsed_after_days') }}
            then 'reactivated'
        when {{ days_between('last_order_date', 'snapshot_date') }} <= {{ var('at_risk_after_days') }} then 'active'
        when {{ days_between('last_order_date', 'snapshot_date') }} <= {{ var('lapsed_after_days') }} then 'at_risk'
        else 'lapsed'
    end as lifecycle_stage
from scored
