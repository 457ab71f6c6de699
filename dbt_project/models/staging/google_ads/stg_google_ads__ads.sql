{# What an ad's link carries is said by the level nearest to it: ad, ad group, campaign, customer. #}
with
versions as (
    select
        *,
        row_number() over (
            partition by customer_id, ad_group_id, ad_id
            order by dt desc nulls last
        ) as version_rank
    from {{ source('google_ads', 'ads') }}
)

select
    ads.customer_id as account_id,
    ads.ad_id,
    ads.ad_group_id,
    ads.campaign_id,
    ads.name as ad_name,
    cast(null as string) as creative_id,
    lower(ads.status) as status,
    concat_ws(
        '&',
        coalesce(
            ads.final_url_suffix,
            ad_groups.final_url_suffix,
            campaigns.final_url_suffix,
            customers.final_url_suffix
        ),
        coalesce(
            ads.tracking_url_template,
            ad_groups.tracking_url_template,
            campaigns.tracking_url_template,
            customers.tracking_url_template
        ),
        {{ json_text('ads.final_urls', '[0]') }}
    ) as url_tags,
    ads.dt as lake_day
from versions as ads
left join {{ ref('stg_google_ads__ad_groups') }} as ad_groups
    on ads.customer_id = ad_groups.account_id and ads.ad_group_id = ad_groups.ad_group_id
left join {{ ref('stg_google_ads__campaigns') }} as campaigns
    on ads.customer_id = campaigns.account_id and ads.campaign_id = campaigns.campaign_id
left join {{ ref('stg_google_ads__customers') }} as customers
    on ads.customer_id = customers.account_id
where ads.version_rank = 1
