select
    daily.account_id,
    daily.campaign_id as ad_group_id,
    daily.reach,
    {{ linkedin_ads_metrics('daily') }}
from {{ source('linkedin_ads', 'campaign_daily') }} as daily
