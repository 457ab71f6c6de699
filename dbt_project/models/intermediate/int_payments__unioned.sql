{# Charges and refunds at payment providers, each with what its bookings left in the balance. Money has
   moved only where the status says so: a failed attempt, or a refund still on its way, moved none. #}
with
payments as (
    select
        account_id,
        charge_id as payment_id,
        charge_id,
        'charge' as payment_kind,
        created_at,
        status,
        currency,
        amount,
        case
            when status = 'succeeded' then coalesce(captured_amount, amount) else cast(0 as decimal(18, 4))
        end as moved_amount,
        failure_code as failure,
        payment_method_type,
        card_brand,
        order_site,
        order_id,
        is_disputed,
        is_live,
        lake_account,
        lake_day as first_day,
        lake_day as last_day
    from {{ ref('stg_stripe__charges') }}
    union all
    select
        refunds.account_id,
        refunds.refund_id as payment_id,
        refunds.charge_id,
        'refund' as payment_kind,
        refunds.created_at,
        refunds.status,
        refunds.currency,
        -refunds.amount as amount,
        case
            when refunds.status = 'succeeded' then -refunds.amount else cast(0 as decimal(18, 4))
        end as moved_amount,
        refunds.failure_reason as failure,
        charges.payment_method_type,
        charges.card_brand,
        charges.order_site,
        charges.order_id,
        coalesce(charges.is_disputed, false) as is_disputed,
        coalesce(charges.is_live, true) as is_live,
        refunds.lake_account,
        least(refunds.lake_day, coalesce(charges.lake_day, refunds.lake_day)) as first_day,
        greatest(refunds.lake_day, coalesce(charges.lake_day, refunds.lake_day)) as last_day
    from {{ ref('stg_stripe__refunds') }} as refunds
    left join {{ ref('stg_stripe__charges') }} as charges
        on refunds.account_id = charges.account_id and refunds.charge_id = charges.charge_id
),

{# A refund that failed has two bookings, of which the second takes the first back. #}
booked as (
    select
        account_id,
        payment_id,
        min(currency) as currency,
        {{ to_money('sum(amount)') }} as amount,
        {{ to_money('sum(fee_amount)') }} as fee_amount,
        {{ to_money('sum(net_amount)') }} as net_amount,
        min(lake_day) as first_day,
        max(lake_day) as last_day
    from {{ ref('stg_stripe__balance_transactions') }}
    where payment_id is not null
    group by account_id, payment_id
)

select
    {{ surrogate_key(["'stripe'", 'payments.account_id', 'payments.payment_id']) }} as payment_key,
    'stripe' as source,
    payments.account_id,
    payments.payment_id,
    payments.charge_id,
    payments.payment_kind,
    case
        when payments.order_site is not null and payments.order_id is not null
            then {{ surrogate_key(["'woocommerce'", 'payments.order_site', 'payments.order_id']) }}
    end as order_key,
    payments.order_id,
    payments.created_at,
    {{ reporting_date('payments.created_at') }} as payment_date,
    payments.status,
    payments.failure,
    payments.payment_method_type,
    payments.card_brand,
    payments.is_disputed,
    payments.is_live,
    payments.currency,
    {{ to_money('payments.amount') }} as amount,
    {{ to_money('payments.moved_amount') }} as moved_amount,
    booked.currency as settlement_currency,
    booked.amount as settled_amount,
    booked.fee_amount,
    booked.net_amount as settled_net_amount,
    payments.lake_account,
    least(payments.first_day, coalesce(booked.first_day, payments.first_day)) as first_lake_day,
    greatest(payments.last_day, coalesce(booked.last_day, payments.last_day)) as last_lake_day
from payments
left join booked
    on payments.account_id = booked.account_id and payments.payment_id = booked.payment_id
