select
    advertiser_id as account_id,
    {{ tiktok_claims() }},
    {{ tiktok_delivery() }}
from {{ source('tiktok_ads', 'reports_advertiser') }}
