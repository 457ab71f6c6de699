select
    account_id,
    campaign_id,
    campaign_name,
    nullif(lower(age), 'unknown') as age_band,
    nullif(lower(gender), 'unknown') as gender,
    {{ meta_insight_metrics() }}
from {{ source('meta_ads', 'insights_age_gender') }}
