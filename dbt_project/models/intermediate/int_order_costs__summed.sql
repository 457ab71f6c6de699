{# The cost of the goods that each order left with the customer, in the reporting currency at the
   order's day. The cost of a unit is today's; NULL where that of any line is not known. Costs move
   without the order, so they are no part of the incremental facts. #}
with
lines as (
    select
        orders.order_key,
        orders.order_date,
        lines.kept_quantity,
        coalesce(lines.unit_cost, variants.unit_cost, products.unit_cost) as unit_cost,
        case
            when lines.unit_cost is not null then orders.currency
            else coalesce(variants.unit_cost_currency, orders.currency)
        end as cost_currency
    from {{ ref('fct_order_line') }} as lines
    inner join {{ ref('fct_order') }} as orders
        on lines.order_key = orders.order_key
    left join {{ ref('stg_shopify__variants') }} as variants
        on
            lines.source = 'shopify'
            and lines.account_id = variants.shop
            and lines.variant_id = variants.variant_id
    left join {{ ref('stg_woocommerce__products') }} as products
        on
            lines.source = 'woocommerce'
            and lines.account_id = products.site
            and coalesce(lines.variant_id, lines.product_id) = products.product_id
),

converted as (
    select
        lines.order_key,
        {{ to_reporting('lines.kept_quantity * lines.unit_cost', fx_rate('lines.cost_currency')) }} as cost
    from lines
    left join {{ ref('int_fx_rates__daily') }} as fx
        on lines.cost_currency = fx.currency and lines.order_date = fx.date_day
)

select
    order_key,
    case when count(*) = count(cost) then {{ to_money('sum(cost)') }} end as cost_reporting
from converted
group by order_key
