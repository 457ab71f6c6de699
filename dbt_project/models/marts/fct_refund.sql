{%- set inputs = [
    'shopify.orders', 'files.orders', 'files.order_lines', 'woocommerce.orders',
    'tiktok_shop.orders', 'tiktok_shop.returns', 'tiktok_shop.cancellations', 'shopee.orders', 'shopee.returns',
] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_affected',
    meta={'replaces': 'order_key in (select order_key from $affected)'},
    pre_hook="{{ find_affected('order_key', ref('int_orders__unioned'), "
        ~ inputs ~ ", built_if='candidates.is_sale and candidates.order_key in (select order_key from '"
        ~ " ~ ref('int_refunds__unioned') ~ ')', fx_date='order_date') }}",
    post_hook="{{ record_inputs(" ~ inputs ~ ") }}",
) }}
-- depends_on: {{ ref('stg_lake__files') }}

with
orders as (
    select *
    from {{ ref('int_orders__unioned') }}
    {{ only_affected('order_key') }}
)

select
    refunds.refund_key,
    refunds.order_key,
    refunds.source,
    refunds.account_id,
    refunds.order_id,
    refunds.refund_id,
    orders.person_id,
    refunds.refunded_at,
    {{ reporting_date('refunds.refunded_at') }} as refund_date,
    orders.order_date,
    orders.currency,
    refunds.refund_amount,
    {{ fx_rate('orders.currency') }} as fx_rate,
    {{ to_reporting('refunds.refund_amount', fx_rate('orders.currency')) }} as refund_amount_reporting,
    refunds.successful_transactions,
    refunds.other_transactions,
    refunds.note,
    orders.lake_account,
    orders.first_lake_day,
    orders.last_lake_day
from {{ ref('int_refunds__unioned') }} as refunds
inner join orders
    on refunds.order_key = orders.order_key
left join {{ ref('int_fx_rates__daily') }} as fx
    on orders.currency = fx.currency and orders.order_date = fx.date_day
where orders.is_sale
