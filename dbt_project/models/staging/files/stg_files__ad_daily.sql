select
    dataset,
    lower(platform) as platform,
    coalesce(account_id, dataset) as account_id,
    campaign_id,
    campaign_name,
    ad_group_id,
    ad_id,
    date_day,
    upper(currency) as currency,
    cast(spend as decimal(18, 4)) as spend,
    impressions,
    clicks,
    cast(claimed_conversions as decimal(18, 4)) as claimed_conversions,
    cast(claimed_value as decimal(18, 4)) as claimed_value,
    dt as lake_day
from {{ source('files', 'ad_daily') }}
