select
    customer_id as account_id,
    campaign_id,
    campaign_name,
    ad_group_id,
    ad_group_name,
    ad_id,
    ad_name,
    {{ google_ads_metrics() }}
from {{ source('google_ads', 'ad_daily') }}
