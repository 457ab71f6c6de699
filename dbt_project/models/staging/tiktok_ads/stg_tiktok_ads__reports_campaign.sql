select
    advertiser_id as account_id,
    campaign_id,
    campaign_name,
    {{ tiktok_claims() }},
    {{ tiktok_delivery() }}
from {{ source('tiktok_ads', 'reports_campaign') }}
