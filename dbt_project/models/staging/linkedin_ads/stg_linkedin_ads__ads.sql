{# A creative's own link comes first, then what its campaign puts after it. Of values that LinkedIn fills in,
   the ids and names are known by themselves. #}
with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('linkedin_ads', 'creatives') }}
)

select
    creatives.account_id,
    creatives.id as ad_id,
    creatives.campaign_id as ad_group_id,
    ad_groups.campaign_id,
    creatives.name as ad_name,
    creatives.id as creative_id,
    lower(creatives.intended_status) as status,
    concat_ws(
        '&',
        creatives.landing_page,
        'utm_campaign=' || {{ json_text('tracking.custom_values', '.utm_campaign') }}
    ) as url_tags,
    creatives.dt as lake_day
from versions as creatives
left join {{ ref('stg_linkedin_ads__ad_groups') }} as ad_groups
    on creatives.account_id = ad_groups.account_id and creatives.campaign_id = ad_groups.ad_group_id
left join {{ ref('stg_linkedin_ads__tracking_parameters') }} as tracking
    on creatives.account_id = tracking.account_id and creatives.campaign_id = tracking.ad_group_id
where creatives.version_rank = 1
