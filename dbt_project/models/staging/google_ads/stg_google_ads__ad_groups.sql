with
versions as (
    select
        *,
        row_number() over (partition by customer_id, ad_group_id order by dt desc nulls last) as version_rank
    from {{ source('google_ads', 'ad_groups') }}
)

select
    customer_id as account_id,
    campaign_id,
    ad_group_id,
    name as ad_group_name,
    lower(status) as status,
    final_url_suffix,
    tracking_url_template,
    dt as lake_day
from versions
where version_rank = 1
