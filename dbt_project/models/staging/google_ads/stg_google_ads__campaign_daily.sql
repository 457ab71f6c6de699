select
    customer_id as account_id,
    campaign_id,
    campaign_name,
    {{ google_ads_metrics() }}
from {{ source('google_ads', 'campaign_daily') }}
