select
    advertiser_id as account_id,
    campaign_id,
    campaign_name,
    case age
        when 'NONE' then null
        when 'AGE_55_100' then '55+'
        else replace(replace(age, 'AGE_', ''), '_', '-')
    end as age_band,
    nullif(lower(gender), 'none') as gender,
    {{ tiktok_delivery() }}
from {{ source('tiktok_ads', 'audience_age_gender') }}
