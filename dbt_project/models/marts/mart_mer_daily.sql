{# Revenue and customers are those of the day's orders, whoever brought them; spend is of the account's day.
   A day without either is 0 within the days of which there are figures, and unknown beyond them: orders are
   often there before the advertising of their day. #}
with
recorded as (
    select
        order_date as date_day,
        count(case when not is_credit_note then 1 end) as orders,
        count(case when is_first_order then 1 end) as new_customers,
        {{ to_money('sum(net_amount_reporting)') }} as net_revenue
    from {{ ref('fct_order') }}
    group by order_date
),

campaigns as (
    select
        date_day,
        {{ to_money('sum(spend)') }} as spend,
        {{ to_money('sum(case when is_paid then spend else 0 end)') }} as paid_spend,
        cast(sum(case when is_paid then attributed_first_orders else 0 end) as bigint) as paid_new_customers
    from {{ ref('mart_campaign_roi') }}
    where attribution_model = '{{ one_touch_model() }}'
    group by date_day
),

orders_known as (
    select
        min(date_day) as first_day,
        max(date_day) as last_day
    from recorded
),

spend_known as (
    select
        min(date_day) as first_day,
        max(date_day) as last_day
    from {{ ref('fct_ad_daily') }}
),

joined as (
    select
        date_day,
        date_day between orders_known.first_day and orders_known.last_day as has_orders,
        date_day between spend_known.first_day and spend_known.last_day as has_spend,
        coalesce(recorded.orders, 0) as orders,
        coalesce(recorded.new_customers, 0) as new_customers,
        coalesce(recorded.net_revenue, cast(0 as decimal(18, 4))) as net_revenue,
        coalesce(campaigns.spend, cast(0 as decimal(18, 4))) as spend,
        coalesce(campaigns.paid_spend, cast(0 as decimal(18, 4))) as paid_spend,
        coalesce(campaigns.paid_new_customers, 0) as paid_new_customers
    from recorded
    full join campaigns
        using (date_day)
    cross join orders_known
    cross join spend_known
),

days as (
    select
        date_day,
        case when has_orders then orders end as orders,
        case when has_orders then net_revenue end as net_revenue,
        case when has_spend then spend end as spend,
        case when has_spend then paid_spend end as paid_spend,
        case when has_orders then new_customers end as new_customers,
        case when has_orders then paid_new_customers end as paid_new_customers
    from joined
)

select
    date_day,
    orders,
    net_revenue,
    spend,
    paid_spend,
    new_customers,
    paid_new_customers,
    {{ ratio('net_revenue', 'spend') }} as mer,
    {{ ratio('spend', 'new_customers') }} as blended_cac,
    {{ ratio('paid_spend', 'paid_new_customers') }} as paid_cac
from days
