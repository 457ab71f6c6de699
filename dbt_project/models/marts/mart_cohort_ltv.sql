{# Customers by the month and the campaign of their first order, and what all their orders brought since.

   The campaign is the one credited under `last_non_direct`, which credits each order to one touch: so a
   customer is in one cohort, whole. Money stands in the month of its order, refunds with it; a credit note
   from before the first order counts in month 0. What a campaign spent in a month without a customer is a
   cohort of none, so that spend adds up. #}
with
orders as (
    select
        person_id,
        {{ month_start('order_date') }} as month,
        order_date,
        is_first_order,
        is_credit_note,
        campaign_source as source,
        campaign_account_id as account_id,
        campaign_id,
        attributed_revenue_reporting as net_revenue,
        attributed_margin_reporting as margin
    from {{ ref('fct_touch_credit') }}
    where attribution_model = '{{ one_touch_model() }}'
),

acquired as (
    select
        person_id,
        month as cohort_month,
        source,
        account_id,
        campaign_id
    from orders
    where is_first_order
),

{%- set cohort = ['cohort_month', 'source', 'account_id', 'campaign_id'] %}

by_person as (
    select
        acquired.person_id,
        {%- for column in cohort %}
        acquired.{{ column }},
        {%- endfor %}
        greatest(orders.month, acquired.cohort_month) as month,
        count(case when not orders.is_credit_note then 1 end) as orders,
        sum(orders.net_revenue) as net_revenue,
        sum(orders.margin) as margin,
        count(*) - count(orders.margin) as orders_without_cost
    from acquired
    inner join orders
        on acquired.person_id = orders.person_id
    group by
        acquired.person_id, acquired.{{ cohort | join(', acquired.') }},
        greatest(orders.month, acquired.cohort_month)
),

activity as (
    select
        {{ cohort | join(',\n        ') }},
        month,
        count(case when orders > 0 then 1 end) as active_customers,
        cast(sum(orders) as bigint) as orders,
        sum(net_revenue) as net_revenue,
        sum(coalesce(margin, 0)) as known_margin,
        sum(orders_without_cost) as orders_without_cost
    from by_person
    group by {{ cohort | join(', ') }}, month
),

customers as (
    select
        {{ cohort | join(',\n        ') }},
        count(*) as customers
    from acquired
    group by {{ cohort | join(', ') }}
),

spent as (
    select
        {{ month_start('date_day') }} as cohort_month,
        source,
        account_id,
        campaign_id,
        {{ to_money('sum(spend_reporting)') }} as spend
    from {{ ref('fct_ad_daily') }}
    group by {{ month_start('date_day') }}, source, account_id, campaign_id
),

cohorts as (
    select
        {{ cohort | join(',\n        ') }},
        coalesce(customers.customers, 0) as customers,
        spent.spend
    from customers
    full join spent
        using ({{ cohort | join(', ') }})
),

newest as (
    select
        max(order_date) as newest_date,
        max(month) as newest_month
    from orders
),

months as (
    select distinct
        month_start as month,
        {{ month_end('month_start') }} as last_date
    from {{ ref('dim_date') }}
),

running as (
    select
        cohorts.*,
        months.month,
        12 * (year(months.month) - year(cohorts.cohort_month)) + month(months.month) - month(cohorts.cohort_month)
            as months_since,
        months.last_date <= newest.newest_date as is_whole_month,
        coalesce(activity.active_customers, 0) as active_customers,
        coalesce(activity.orders, 0) as orders,
        coalesce(activity.net_revenue, 0) as net_revenue,
        case when coalesce(activity.orders_without_cost, 0) = 0 then coalesce(activity.known_margin, 0) end as margin,
        sum(coalesce(activity.net_revenue, 0)) over up_to_now as cumulative_net_revenue,
        {# From the first order without a known cost on, what it all earned is unknown. #}
        case
            when sum(coalesce(activity.orders_without_cost, 0)) over up_to_now = 0
                then sum(coalesce(activity.known_margin, 0)) over up_to_now
        end as cumulative_margin
    from cohorts
    cross join newest
    inner join months
        on
            cohorts.cohort_month <= months.month
            and (
                cohorts.cohort_month = months.month
                or (cohorts.customers > 0 and newest.newest_month >= months.month)
            )
    left join activity
        on
            {%- for column in cohort %}
            cohorts.{{ column }} = activity.{{ column }} and
            {%- endfor %}
            months.month = activity.month
    window
        up_to_now as (
            partition by cohorts.{{ cohort | join(', cohorts.') }} order by months.month asc nulls last
            rows between unbounded preceding and current row
        )
),

paid_back as (
    select
        *,
        min(case when customers > 0 and spend > 0 and cumulative_margin >= spend then months_since end)
            over (partition by {{ cohort | join(', ') }}) as payback_month
    from running
)

select
    {{ surrogate_key([
        'cohorts.cohort_month', 'cohorts.source', 'cohorts.account_id', 'cohorts.campaign_id', 'cohorts.months_since'
    ]) }} as cohort_ltv_key,
    cohorts.cohort_month,
    cohorts.source,
    cohorts.account_id,
    cohorts.campaign_id,
    campaigns.campaign_key,
    campaigns.campaign_name,
    campaigns.channel,
    cast(cohorts.months_since as int) as months_since,
    cohorts.month,
    cohorts.is_whole_month,
    cohorts.customers,
    cohorts.active_customers,
    cohorts.orders,
    {{ to_money('cohorts.net_revenue') }} as net_revenue,
    {{ to_money('cohorts.margin') }} as margin,
    {{ to_money('cohorts.cumulative_net_revenue') }} as cumulative_net_revenue,
    {{ to_money('cohorts.cumulative_margin') }} as cumulative_margin,
    cohorts.spend,
    cast(cohorts.payback_month as int) as payback_month,
    {{ ratio('cohorts.active_customers', 'cohorts.customers') }} as retention,
    {{ ratio('cohorts.cumulative_net_revenue', 'cohorts.customers') }} as net_revenue_per_customer,
    {{ ratio('cohorts.cumulative_margin', 'cohorts.customers') }} as ltv,
    {{ ratio('cohorts.spend', 'cohorts.customers') }} as cac,
    {{ ratio('cohorts.cumulative_margin', 'cohorts.spend') }} as ltv_to_cac
from paid_back as cohorts
left join {{ ref('dim_campaign') }} as campaigns
    on
        cohorts.source = campaigns.source
        and cohorts.account_id = campaigns.account_id
        and cohorts.campaign_id = campaigns.campaign_id
