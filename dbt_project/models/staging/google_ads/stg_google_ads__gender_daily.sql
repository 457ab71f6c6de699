select
    customer_id as account_id,
    campaign_id,
    campaign_name,
    ad_group_id,
    case when gender in ('MALE', 'FEMALE') then lower(gender) end as gender,
    {{ google_ads_metrics() }}
from {{ source('google_ads', 'gender_daily') }}
