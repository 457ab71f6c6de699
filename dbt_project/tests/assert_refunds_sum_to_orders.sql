-- What refunds returned on their own days is what the orders carry.
with
refunds as (
    select
        order_key,
        sum(refund_amount) as refund_amount
    from {{ ref('fct_refund') }}
    group by order_key
)

select
    orders.order_key,
    orders.refund_amount,
    refunds.refund_amount as refunds_of_order
from {{ ref('fct_order') }} as orders
left join refunds
    on orders.order_key = refunds.order_key
where orders.refund_amount <> coalesce(refunds.refund_amount, 0)
