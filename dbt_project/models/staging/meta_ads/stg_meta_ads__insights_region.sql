select
    account_id,
    campaign_id,
    campaign_name,
    nullif(nullif(trim(region), ''), 'Unknown') as region,
    {{ meta_insight_metrics() }}
from {{ source('meta_ads', 'insights_region') }}
