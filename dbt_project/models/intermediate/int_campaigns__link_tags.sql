{# What a visit's UTM parameters can say of its campaign: `tag` is an ad's id (utm_content) or a campaign's
   slug, id or name (utm_campaign). A tag that several campaigns carry tells none of them. #}
{{ config(materialized='table') }}
with
ads as (
    {{ union_ads('ads', ['account_id', 'campaign_id', 'ad_id', 'url_tags']) }}
),

ad_tags as (
    select
        'utm_content' as parameter,
        lower(ad_id) as tag,
        source,
        account_id,
        campaign_id,
        ad_id
    from ads
),

campaign_tags as (
    select
        lower({{ url_parameter('url_tags', 'utm_campaign') }}) as tag,
        source,
        account_id,
        campaign_id
    from ads
    union all
    {# Performance Max has no ads of its own to say it. #}
    select
        lower({{ url_parameter('final_url_suffix', 'utm_campaign') }}) as tag,
        'google_ads' as source,
        account_id,
        campaign_id
    from {{ ref('stg_google_ads__campaigns') }}
    union all
    select
        lower(campaign_id) as tag,
        source,
        account_id,
        campaign_id
    from {{ ref('int_campaigns__unioned') }}
    union all
    select
        lower(campaign_name) as tag,
        source,
        account_id,
        campaign_id
    from {{ ref('int_campaigns__unioned') }}
),

all_tags as (
    select
        parameter,
        tag,
        source,
        account_id,
        campaign_id,
        ad_id
    from ad_tags
    union
    select
        'utm_campaign' as parameter,
        tag,
        source,
        account_id,
        campaign_id,
        cast(null as string) as ad_id
    from campaign_tags
)

select
    parameter,
    tag,
    min(source) as source,
    min(account_id) as account_id,
    min(campaign_id) as campaign_id,
    min(ad_id) as ad_id
from all_tags
where tag is not null and tag not like '%{{ '{{' }}%'
group by parameter, tag
having count(*) = 1
