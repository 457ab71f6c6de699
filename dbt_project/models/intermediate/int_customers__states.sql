{# In which state what is known of customers at the end of each month comes of: the orders up to then, and the day
   on which the running month ends. #}
{{ config(materialized='table') }}

with
orders as (
    select
        {{ month_start('order_date') }} as month,
        {{ rows_state(['order_key', 'person_id', 'order_date', 'is_credit_note', 'net_amount_reporting']) }} as state,
        max(order_date) as newest_order_date
    from {{ ref('fct_order') }}
    group by {{ month_start('order_date') }}
),

bounds as (
    select
        min(month) as first_month,
        max(newest_order_date) as newest_order_date
    from orders
),

months as (
    select distinct
        dates.month_start as month,
        least({{ month_end('dates.month_start') }}, bounds.newest_order_date) as snapshot_date
    from {{ ref('dim_date') }} as dates
    inner join bounds
        on dates.month_start between bounds.first_month and bounds.newest_order_date
)

select
    months.month,
    months.snapshot_date,
    concat_ws(
        '|', cast(months.snapshot_date as string), {{ distinct_text("concat_ws(' ', cast(orders.month as string), orders.state)") }}
    ) as state
from months
inner join orders
    on months.month >= orders.month
group by months.month, months.snapshot_date
