{# What the models of customer value know of each customer: days with a purchase, counted from the first
   one. A day on which everything went back is no purchase; nor is a credit note. Observed up to the newest
   order's day. #}
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

newest as (
    select max(order_date) as newest_day from {{ ref('fct_order') }}
)

select
    purchases.person_id,
    count(*) - 1 as frequency,
    {{ days_between('purchases.first_day', 'max(purchases.order_date)') }} as recency,
    {{ days_between('purchases.first_day', 'newest.newest_day') }} as age,
    {{ ratio(
        'sum(case when purchases.order_date > purchases.first_day then purchases.net_revenue end)', 'count(*) - 1'
    ) }} as monetary
from purchases
cross join newest
group by purchases.person_id, purchases.first_day, newest.newest_day
