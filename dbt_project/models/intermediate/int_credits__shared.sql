{# Credit and money of each order, shared over its touches to the last unit: credit in units of the
   eighth decimal, money in units of the fourth. An order without a touch is `unattributed`, whole. What has
   all the weight of its order takes all of it, and need not be ranked: a third of the rows. As of weights, a
   reader of some months has only these made. #}

with
models as (
    {{ attribution_model_rows() }}
),

orders as (
    select
        orders.order_key,
        {{ month_start('orders.order_date') }} as order_month,
        cast(orders.net_amount * 10000 as decimal(38, 0)) as net_units,
        cast(orders.net_amount_reporting * 10000 as decimal(38, 0)) as net_reporting_units,
        cast((orders.net_amount_reporting - costs.cost_reporting) * 10000 as decimal(38, 0)) as margin_units
    from {{ ref('fct_order') }} as orders
    left join {{ ref('int_order_costs__summed') }} as costs
        on orders.order_key = costs.order_key
),

touched_orders as (
    select distinct order_key from {{ ref('int_touches__unioned') }}
),

weighted as (
    select
        order_month,
        order_key,
        touch_id,
        touch_number,
        touches,
        attribution_model,
        weight,
        weight_total
    from {{ ref('int_touches__weighted') }}
    union all
    select
        orders.order_month,
        orders.order_key,
        'unattributed' as touch_id,
        cast(null as bigint) as touch_number,
        0 as touches,
        models.attribution_model,
        1 as weight,
        1 as weight_total
    from orders
    cross join models
    left join touched_orders
        on orders.order_key = touched_orders.order_key
    where touched_orders.order_key is null
),

shares as (
    select
        weighted.order_month,
        weighted.order_key,
        weighted.touch_id,
        weighted.touch_number,
        weighted.touches,
        weighted.attribution_model,
        weighted.weight,
        weighted.weight_total,
        orders.net_units,
        orders.net_reporting_units,
        orders.margin_units
    from weighted
    inner join orders
        on weighted.order_key = orders.order_key
),

{%- set order_columns = ['order_month', 'order_key', 'touch_id', 'touch_number', 'touches', 'attribution_model'] %}
{%- set group = ['order_month', 'order_key', 'attribution_model'] %}
{%- set tie = 'touch_number asc nulls last' %}

whole as (
    select
        {{ order_columns | join(',\n        ') }},
        cast({{ credit_units() }} as decimal(38, 0)) as credit_units,
        net_units as revenue_units,
        net_reporting_units as revenue_reporting_units,
        margin_units as margin_reporting_units
    from shares
    where weight = weight_total
),

divided as (
    select * from shares
    where weight <> weight_total
),

credited as (
    {{ largest_remainder(
        'divided', order_columns + ['net_units', 'net_reporting_units', 'margin_units'],
        credit_units(), 'weight', 'weight_total', group, tie, 'credit_units') }}
),

with_net as (
    {{ largest_remainder(
        'credited', order_columns + ['net_reporting_units', 'margin_units', 'credit_units'],
        'net_units', 'credit_units', credit_units(), group, tie, 'revenue_units') }}
),

with_net_reporting as (
    {{ largest_remainder(
        'with_net', order_columns + ['margin_units', 'credit_units', 'revenue_units'],
        'net_reporting_units', 'credit_units', credit_units(), group, tie, 'revenue_reporting_units') }}
),

with_margin as (
    {{ largest_remainder(
        'with_net_reporting', order_columns + ['credit_units', 'revenue_units', 'revenue_reporting_units'],
        'margin_units', 'credit_units', credit_units(), group, tie, 'margin_reporting_units') }}
),

credits as (
    select * from whole
    union all
    select * from with_margin
)

select
    order_month,
    order_key,
    touch_id,
    touch_number,
    touches,
    attribution_model,
    {{ decimal_of_units('credit_units', 8) }} as credit,
    {{ decimal_of_units('revenue_units', 4) }} as revenue,
    {{ decimal_of_units('revenue_reporting_units', 4) }} as revenue_reporting,
    {{ decimal_of_units('margin_reporting_units', 4) }} as margin_reporting
from credits
