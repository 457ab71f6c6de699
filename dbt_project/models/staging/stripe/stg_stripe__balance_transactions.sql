select
    account as account_id,
    id as booking_id,
    source as payment_id,
    created_at,
    available_at,
    type as booking_type,
    currency,
    cast(amount as decimal(18, 4)) as amount,
    cast(fee as decimal(18, 4)) as fee_amount,
    cast(net as decimal(18, 4)) as net_amount,
    account as lake_account,
    dt as lake_day
from {{ source('stripe', 'balance_transactions') }}
