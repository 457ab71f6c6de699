select
    account_id,
    campaign_id,
    campaign_name,
    {{ meta_insight_metrics() }}
from {{ source('meta_ads', 'insights_campaign') }}
