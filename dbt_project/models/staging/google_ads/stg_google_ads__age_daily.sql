select
    customer_id as account_id,
    campaign_id,
    campaign_name,
    ad_group_id,
    {# AGE_RANGE_18_24 is 18-24, AGE_RANGE_65_UP is 65+. #}
    case
        when age_range = 'AGE_RANGE_65_UP' then '65+'
        when age_range like 'AGE_RANGE_%\_%' escape '\' then replace(substr(age_range, 11), '_', '-')
    end as age_band,
    {{ google_ads_metrics() }}
from {{ source('google_ads', 'age_daily') }}
