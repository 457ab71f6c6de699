{# A creative's figures name no campaign: the list does. Of one that is not listed, its campaign group's
   total holds what it spent. #}
select
    daily.account_id,
    ads.campaign_id,
    campaigns.campaign_name,
    ads.ad_group_id,
    daily.creative_id as ad_id,
    ads.ad_name,
    daily.reach,
    {{ linkedin_ads_metrics('daily') }}
from {{ source('linkedin_ads', 'creative_daily') }} as daily
inner join {{ ref('stg_linkedin_ads__ads') }} as ads
    on daily.account_id = ads.account_id and daily.creative_id = ads.ad_id
left join {{ ref('stg_linkedin_ads__campaigns') }} as campaigns
    on ads.account_id = campaigns.account_id and ads.campaign_id = campaigns.campaign_id
where ads.campaign_id is not null
