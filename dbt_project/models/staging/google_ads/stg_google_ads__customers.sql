with
versions as (
    select
        *,
        row_number() over (partition by customer_id order by dt desc nulls last) as version_rank
    from {{ source('google_ads', 'customers') }}
)

select
    customer_id as account_id,
    currency,
    name as account_name,
    lower(status) as status,
    auto_tagging as is_auto_tagged,
    final_url_suffix,
    tracking_url_template,
    dt as lake_day
from versions
where version_rank = 1
