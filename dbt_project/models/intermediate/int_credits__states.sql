{# In which state what the credits of each month's orders come of is: another one when they are to be made again.
   All that fct_touch_credit reads is in it. #}
{{ config(materialized='table') }}

with
orders as (
    select
        *,
        {{ month_start('order_date') }} as month
    from {{ ref('fct_order') }}
),

states as (
    select
        orders.month,
        {{ rows_state([
            'orders.order_key', 'orders.source', 'orders.account_id', 'orders.order_id', 'orders.person_id',
            'orders.order_date', 'orders.is_credit_note', 'orders.is_first_order', 'orders.currency',
            'orders.net_amount', 'orders.net_amount_reporting', 'costs.cost_reporting', 'persons.known_since',
        ]) }} as state
    from orders
    left join {{ ref('int_order_costs__summed') }} as costs
        on orders.order_key = costs.order_key
    left join {{ ref('int_persons__unioned') }} as persons
        on orders.person_id = persons.person_id
    group by orders.month
    union all
    select
        orders.month,
        {{ rows_state([
            'touches.order_key', 'touches.touch_id', 'touches.touch_at', 'touches.touch_basis',
            'touches.touch_source', 'touches.touch_medium', 'touches.touch_campaign', 'touches.touch_content',
            'touches.channel', 'touches.campaign_source', 'touches.campaign_account_id', 'touches.campaign_id',
            'touches.ad_id',
        ]) }} as state
    from {{ ref('int_touches__unioned') }} as touches
    inner join orders
        on touches.order_key = orders.order_key
    group by orders.month
    union all
    select
        month,
        {{ rows_state(['channel', 'markov_share', 'shapley_share']) }} as state
    from {{ ref('int_channels__effects') }}
    group by month
)

select
    month,
    {{ distinct_text('state') }} as state
from states
group by month
