{# Customers at the end of each month since their first order: what they did in the month, and what
   recency, frequency and money they then had. The running month ends on the newest order's day. #}
{{ config(**replaced_by_month('int_customers__states')) }}

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

months as (
    select
        month,
        snapshot_date
    from {{ ref('int_customers__states') }}
    where {{ in_affected_months(ref('int_customers__states'), 'month') }}
),

{# What stands from a month with orders until the next one: windows over these are an eighth of those over all
   months of a customer. Ranks are settled by a number in the order of `person_id`, which sorts faster. #}
running as (
    select
        person_id,
        dense_rank() over (order by person_id asc nulls last) as person_number,
        month as from_month,
        lead(month) over so_far as until_month,
        orders,
        net_revenue,
        first_order_date,
        sum(orders) over so_far as orders_to_date,
        sum(coalesce(net_revenue, 0)) over so_far as net_revenue_to_date,
        min(first_order_date) over so_far as first_order_date_ever,
        max(last_order_date) over so_far as last_order_date,
        max(last_order_date) over before_now as last_order_date_before
    from activity
    window
        so_far as (
            partition by person_id order by month asc nulls last
            rows between unbounded preceding and current row
        ),
        before_now as (
            partition by person_id order by month asc nulls last
            rows between unbounded preceding and 1 preceding
        )
),

{# Someone whose only record is a credit note never bought, here and in these months. #}
buyers as (
    select
        running.person_id,
        running.person_number,
        months.month,
        months.snapshot_date,
        case when months.month = running.from_month then running.orders else 0 end as orders,
        case when months.month = running.from_month then coalesce(running.net_revenue, 0) else 0 end as net_revenue,
        running.first_order_date_ever,
        running.first_order_date as first_order_date_in_month,
        cast(running.orders_to_date as bigint) as orders_to_date,
        {{ to_money('running.net_revenue_to_date') }} as net_revenue_to_date,
        running.last_order_date,
        running.last_order_date_before
    from running
    inner join months
        on
            running.from_month <= months.month
            and (running.until_month > months.month or running.until_month is null)
    where running.orders_to_date > 0
),

scored as (
    select
        *,
        ntile(5) over (
            partition by month
            order by last_order_date asc nulls last, person_number asc nulls last
        ) as recency,
        ntile(5) over (
            partition by month
            order by orders_to_date asc nulls last, person_number asc nulls last
        ) as frequency,
        ntile(5) over (
            partition by month
            order by net_revenue_to_date asc nulls last, person_number asc nulls last
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
