select
    account_id,
    campaign_id,
    campaign_name,
    adset_id as ad_group_id,
    adset_name as ad_group_name,
    {{ meta_insight_metrics() }}
from {{ source('meta_ads', 'insights_adset') }}
