select
    customer_id as account_id,
    campaign_id,
    campaign_name,
    country_id,
    lower(location_type) as location_type,
    split_part(region, '/', 2) as region_id,
    {{ google_ads_metrics() }}
from {{ source('google_ads', 'region_daily') }}
