select
    advertiser_id as account_id,
    campaign_id,
    campaign_name,
    adgroup_id as ad_group_id,
    adgroup_name as ad_group_name,
    ad_id,
    ad_name,
    {{ tiktok_claims() }},
    {{ tiktok_delivery() }}
from {{ source('tiktok_ads', 'reports_ad') }}
