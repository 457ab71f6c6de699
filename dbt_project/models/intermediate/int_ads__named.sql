{# Each ad under the name that reports have. A touch names an ad and not its group: of one that is in several
   groups, none is told. #}
{{ config(materialized='table') }}

with
listed as (
    {{ union_ads('ads', ['account_id', 'campaign_id', 'ad_group_id', 'ad_id', 'ad_name', 'creative_id']) }}
)

select
    source,
    account_id,
    campaign_id,
    ad_id,
    case when min(ad_group_id) = max(ad_group_id) then min(ad_group_id) end as ad_group_id,
    min(ad_name) as ad_name,
    min(creative_id) as creative_id
from listed
group by source, account_id, campaign_id, ad_id
