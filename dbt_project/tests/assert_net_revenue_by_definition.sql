-- gross − discounts − refunds − tax − shipping = net.
select
    order_key,
    net_amount,
    gross_amount - discount_amount - refund_amount - tax_amount - shipping_amount as defined_net_amount
from {{ ref('fct_order') }}
where net_amount <> gross_amount - discount_amount - refund_amount - tax_amount - shipping_amount
