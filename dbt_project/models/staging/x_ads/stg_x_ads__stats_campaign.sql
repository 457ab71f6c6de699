select
    account_id,
    campaign_id,
    cast(null as string) as campaign_name,
    {{ x_ads_metrics() }}
from {{ source('x_ads', 'stats_campaign') }}
