{%- set inputs = [
    'shopify.orders', 'files.orders', 'files.order_lines', 'woocommerce.orders',
    'tiktok_shop.orders', 'tiktok_shop.returns', 'tiktok_shop.cancellations', 'shopee.orders', 'shopee.returns',
] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_affected',
    meta={'replaces': 'order_key in (select order_key from $affected)'},
    pre_hook="{{ find_affected('order_key', ref('int_orders__unioned'), "
        ~ inputs ~ ", built_if='candidates.is_sale', widen_by='person_id', fx_date='order_date') }}",
    post_hook="{{ record_inputs(" ~ inputs ~ ") }}",
) }}
-- depends_on: {{ ref('stg_lake__files') }}

with
orders as (
    select *
    from {{ ref('int_orders__unioned') }}
    {{ only_affected('order_key') }}
),

{# A person's orders are all here or none of them, so that they can be counted. #}
numbered as (
    select
        order_key,
        row_number() over (
            partition by person_id
            order by ordered_at asc nulls last, order_key asc nulls last
        ) as order_number
    from orders
    where person_id is not null and not is_credit_note and is_sale
)

select
    orders.order_key,
    orders.source,
    orders.account_id,
    orders.order_id,
    orders.order_name,
    orders.person_id,
    orders.customer_id,
    orders.ordered_at,
    orders.order_date,
    orders.currency,
    orders.lines_amount,
    orders.gross_amount,
    orders.discount_amount,
    orders.refund_amount,
    orders.tax_amount,
    orders.shipping_amount,
    orders.net_amount,
    {{ fx_rate('orders.currency') }} as fx_rate,
    {{ to_reporting('orders.net_amount', fx_rate('orders.currency')) }} as net_amount_reporting,
    cast(numbered.order_number as bigint) as order_number,
    case
        when orders.is_credit_note then false
        else numbered.order_number = 1
    end as is_first_order,
    orders.is_credit_note,
    orders.is_cancelled,
    orders.financial_status,
    orders.sales_channel,
    orders.country,
    orders.province,
    orders.city,
    orders.geo_id,
    orders.lake_account,
    orders.first_lake_day,
    orders.last_lake_day
from orders
left join numbered
    on orders.order_key = numbered.order_key
left join {{ ref('int_fx_rates__daily') }} as fx
    on orders.currency = fx.currency and orders.order_date = fx.date_day
where orders.is_sale
