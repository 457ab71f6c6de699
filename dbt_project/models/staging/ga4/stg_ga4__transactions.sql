select
    property_id,
    currency,
    date as date_day,
    transaction_id,
    session_source,
    session_medium,
    session_campaign,
    ecommerce_purchases,
    cast(purchase_revenue as decimal(18, 4)) as purchase_revenue
from {{ source('ga4', 'transactions') }}
