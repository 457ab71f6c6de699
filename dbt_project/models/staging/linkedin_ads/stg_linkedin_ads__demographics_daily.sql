select
    account_id,
    date as date_day,
    lower(trait) as trait,
    trait_value,
    currency,
    cast(cost as decimal(18, 4)) as spend,
    impressions,
    clicks,
    conversions,
    dt as lake_day
from {{ source('linkedin_ads', 'demographics_daily') }}
