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
        ~ " ~ ref('int_order_lines__unioned') ~ ')') }}",
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
    lines.order_line_key,
    lines.order_key,
    lines.source,
    lines.account_id,
    lines.order_id,
    lines.line_id,
    orders.person_id,
    orders.customer_id,
    orders.ordered_at,
    orders.order_date,
    orders.currency,
    lines.sku,
    lines.title,
    lines.variant_id,
    lines.product_id,
    lines.quantity,
    lines.kept_quantity,
    lines.unit_price,
    lines.gross_amount,
    lines.discount_amount,
    lines.unit_cost,
    orders.is_credit_note,
    orders.lake_account,
    orders.first_lake_day,
    orders.last_lake_day
from {{ ref('int_order_lines__unioned') }} as lines
inner join orders
    on lines.order_key = orders.order_key
where orders.is_sale
