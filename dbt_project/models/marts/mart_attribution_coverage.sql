{# How much of what was sold attribution can speak of, by day and sales system. An order whose own visit is all
   that is known has one touch, on which all models agree; comparing models there compares nothing. #}
with
touched as (
    select
        order_key,
        count(*) as touches,
        max(case when touch_basis = 'journey' then 1 else 0 end) as by_journey,
        max(case when touch_basis = 'session' then 1 else 0 end) as by_session
    from {{ ref('int_touches__unioned') }}
    group by order_key
),

orders as (
    select
        orders.order_date as date_day,
        orders.source,
        orders.account_id,
        orders.net_amount_reporting,
        coalesce(touched.touches, 0) as touches,
        case
            when touched.touches is null then 'none'
            when touched.by_journey = 1 then 'journey'
            when touched.by_session = 1 then 'session'
            else 'order'
        end as basis
    from {{ ref('fct_order') }} as orders
    left join touched
        on orders.order_key = touched.order_key
    where not orders.is_credit_note
),

days as (
    select
        date_day,
        source,
        account_id,
        count(*) as orders,
        {%- for basis in ['journey', 'session', 'order'] %}
        count(case when basis = '{{ basis }}' then 1 end) as orders_by_{{ basis }},
        {%- endfor %}
        count(case when basis = 'none' then 1 end) as orders_without_touches,
        count(case when touches > 1 then 1 end) as orders_with_several_touches,
        {{ to_money('sum(net_amount_reporting)') }} as net_revenue,
        {{ to_money("sum(case when basis = 'none' then 0 else net_amount_reporting end)") }} as net_revenue_with_touches
    from orders
    group by date_day, source, account_id
)

select
    {{ surrogate_key(['date_day', 'source', 'account_id']) }} as attribution_coverage_key,
    date_day,
    source,
    account_id,
    orders,
    orders_by_journey,
    orders_by_session,
    orders_by_order,
    orders_without_touches,
    orders_with_several_touches,
    net_revenue,
    net_revenue_with_touches,
    {{ ratio('orders - orders_without_touches', 'orders') }} as order_coverage,
    {{ ratio('net_revenue_with_touches', 'net_revenue') }} as revenue_coverage,
    case
        when orders_by_journey + orders_by_session > 0 then 'all'
        when orders_by_order > 0 then 'single_touch'
        else 'none'
    end as supported_models
from days
