{# Money comes back by the refund's successful transactions, and by nothing else of it. #}
with
refunds as (
    select
        orders.shop,
        orders.order_id,
        refund.id as refund_id,
        refund.created_at as refunded_at,
        refund.note,
        cast(refund.total_refunded as decimal(18, 4)) as total_refunded,
        refund.transactions
    from {{ ref('stg_shopify__orders') }} as orders
    {{ explode('orders.refunds', 'refund') }}
),

transactions as (
    select
        refunds.shop,
        refunds.refund_id,
        case
            when upper(payment.status) = 'SUCCESS' and upper(payment.kind) = 'REFUND'
                then cast(payment.amount as decimal(18, 4))
        end as returned_amount
    from refunds
    {{ explode('refunds.transactions', 'payment') }}
),

returned as (
    select
        shop,
        refund_id,
        sum(returned_amount) as returned_amount,
        count(returned_amount) as successful_transactions,
        count(*) - count(returned_amount) as other_transactions
    from transactions
    group by shop, refund_id
)

select
    refunds.shop,
    refunds.order_id,
    refunds.refund_id,
    refunds.refunded_at,
    refunds.note,
    refunds.total_refunded,
    cast(coalesce(returned.returned_amount, 0) as decimal(18, 4)) as refund_amount,
    coalesce(returned.successful_transactions, 0) as successful_transactions,
    coalesce(returned.other_transactions, 0) as other_transactions
from refunds
left join returned
    on refunds.shop = returned.shop and refunds.refund_id = returned.refund_id
