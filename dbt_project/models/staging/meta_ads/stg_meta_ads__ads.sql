with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('meta_ads', 'ads') }}
)

select
    account_id,
    id as ad_id,
    adset_id as ad_group_id,
    campaign_id,
    name as ad_name,
    creative_id,
    lower(effective_status) as status,
    url_tags,
    dt as lake_day
from versions
where version_rank = 1
