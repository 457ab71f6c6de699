with
versions as (
    select
        *,
        row_number() over (partition by advertiser_id, ad_id order by dt desc nulls last) as version_rank
    from {{ source('tiktok_ads', 'ads') }}
)

select
    advertiser_id as account_id,
    ad_id,
    adgroup_id as ad_group_id,
    campaign_id,
    ad_name,
    cast(null as string) as creative_id,
    {{ tiktok_status('operation_status', 'secondary_status') }} as status,
    url_tags,
    dt as lake_day
from versions
where version_rank = 1
