-- What the site booked as paid through the provider is what the provider collected, order by order.
-- Days at the edge of what was read of the payments are left out: an order's payment may lie beyond them.
-- A warning, since the two are different systems: staff may mark an order as paid that never was.
{{ config(severity='warn') }}
with
charged as (
    select
        order_key,
        sum(moved_amount) as charged_amount
    from {{ ref('fct_payment') }}
    where payment_kind = 'charge' and order_key is not null
    group by order_key
),

span as (
    select
        min(payment_date) as first_date,
        max(payment_date) as last_date
    from {{ ref('fct_payment') }}
    where payment_kind = 'charge' and order_key is not null
)

select
    orders.order_key,
    orders.gross_amount - orders.discount_amount as total_amount,
    charged.charged_amount
from {{ ref('fct_order') }} as orders
inner join {{ ref('stg_woocommerce__orders') }} as details
    on orders.source = 'woocommerce' and orders.account_id = details.site and orders.order_id = details.order_id
inner join span
    on orders.order_date > span.first_date and orders.order_date < span.last_date
left join charged
    on orders.order_key = charged.order_key
where
    details.payment_method like 'stripe%'
    and orders.gross_amount - orders.discount_amount <> coalesce(charged.charged_amount, 0)
