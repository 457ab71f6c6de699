select
    advertiser_id as account_id,
    campaign_id,
    campaign_name,
    nullif(province_id, 'NONE') as province_id,
    {{ tiktok_delivery() }}
from {{ source('tiktok_ads', 'audience_province') }}
