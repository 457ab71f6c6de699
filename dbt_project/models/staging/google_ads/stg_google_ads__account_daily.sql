select
    customer_id as account_id,
    {{ google_ads_metrics() }}
from {{ source('google_ads', 'account_daily') }}
