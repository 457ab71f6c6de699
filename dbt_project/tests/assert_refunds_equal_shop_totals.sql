-- The successful transactions of a refund are what the shop says that it returned. A warning: the
-- transactions decide, and a shop's total may count what is still pending.
{{ config(severity='warn') }}

select
    shop,
    order_id,
    refund_id,
    refund_amount,
    total_refunded
from {{ ref('stg_shopify__refunds') }}
where refund_amount <> total_refunded
