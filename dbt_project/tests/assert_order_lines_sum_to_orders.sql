-- Lines of an order sum up to its goods. A warning: a shop may discount shipping as well, which the
-- order's discounts then hold and its lines do not.
{{ config(severity='warn') }}

with
lines as (
    select
        order_key,
        sum(case when gross_amount > 0 then gross_amount else 0 end) as gross_amount
    from {{ ref('fct_order_line') }}
    group by order_key
)

select
    orders.order_key,
    orders.source,
    orders.order_id,
    orders.lines_amount,
    lines.gross_amount
from {{ ref('fct_order') }} as orders
inner join lines
    on orders.order_key = lines.order_key
where orders.lines_amount <> lines.gross_amount
