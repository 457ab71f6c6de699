select
    daily.account_id,
    daily.campaign_group_id as campaign_id,
    campaigns.campaign_name,
    daily.reach,
    {{ linkedin_ads_metrics('daily') }}
from {{ source('linkedin_ads', 'campaign_group_daily') }} as daily
left join {{ ref('stg_linkedin_ads__campaigns') }} as campaigns
    on daily.account_id = campaigns.account_id and daily.campaign_group_id = campaigns.campaign_id
