{# What the models of customer value know of each customer at the end of each month: days with a purchase, counted
   from the first one. A day on which everything went back is no purchase; nor is a credit note. The running month
   ends on the newest order's day. #}
{{ config(**replaced_by_month('int_customers__states')) }}

with
purchases as (
    select
        person_id,
        order_date,
        {{ to_money('sum(net_amount_reporting)') }} as net_revenue,
        min(order_date) over (partition by person_id) as first_day
    from {{ ref('fct_order') }}
    where person_id is not null and not is_credit_note
    group by person_id, order_date
    having sum(net_amount_reporting) > 0
),

months as (
    select
        month,
        snapshot_date
    from {{ ref('int_customers__states') }}
    where {{ in_affected_months(ref('int_customers__states'), 'month') }}
)

select
    months.month,
    purchases.person_id,
    count(*) - 1 as frequency,
    {{ days_between('purchases.first_day', 'max(purchases.order_date)') }} as recency,
    {{ days_between('purchases.first_day', 'months.snapshot_date') }} as age,
    {{ ratio(
        'sum(case when purchases.order_date > purchases.first_day then purchases.net_revenue end)', 'count(*) - 1'
    ) }} as monetary
from purchases
inner join months
    on purchases.order_date <= months.snapshot_date
group by months.month, months.snapshot_date, purchases.person_id, purchases.first_day
