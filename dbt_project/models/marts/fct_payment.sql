{%- set inputs = ['stripe.charges', 'stripe.refunds', 'stripe.balance_transactions'] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_affected',
    meta={'replaces': 'payment_key in (select payment_key from $affected)'},
    pre_hook="{{ find_affected('payment_key', ref('int_payments__unioned'), "
        ~ inputs ~ ", built_if='candidates.is_live', fx_date='payment_date') }}",
    post_hook="{{ record_inputs(" ~ inputs ~ ") }}",
) }}
-- depends_on: {{ ref('stg_lake__files') }}

with
payments as (
    select *
    from {{ ref('int_payments__unioned') }}
    {{ only_affected('payment_key') }}
)

select
    payments.payment_key,
    payments.order_key,
    payments.source,
    payments.account_id,
    payments.payment_id,
    payments.charge_id,
    payments.payment_kind,
    payments.order_id,
    payments.created_at,
    payments.payment_date,
    payments.status,
    payments.failure,
    payments.payment_method_type,
    payments.card_brand,
    payments.is_disputed,
    payments.currency,
    payments.amount,
    payments.moved_amount,
    {{ fx_rate('payments.currency') }} as fx_rate,
    {{ to_reporting('payments.moved_amount', fx_rate('payments.currency')) }} as moved_amount_reporting,
    payments.settlement_currency,
    payments.settled_amount,
    payments.fee_amount,
    payments.settled_net_amount,
    payments.lake_account,
    payments.first_lake_day,
    payments.last_lake_day
from payments
left join {{ ref('int_fx_rates__daily') }} as fx
    on payments.currency = fx.currency and payments.payment_date = fx.date_day
where payments.is_live
