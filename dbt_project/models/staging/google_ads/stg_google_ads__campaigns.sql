with
versions as (
    select
        *,
        row_number() over (partition by customer_id, campaign_id order by dt desc nulls last) as version_rank
    from {{ source('google_ads', 'campaigns') }}
)

select
    customer_id as account_id,
    currency,
    campaign_id,
    name as campaign_name,
    channel_type as objective,
    lower(status) as status,
    try_cast(substr(start_date_time, 1, 10) as date) as start_date,
    try_cast(substr(end_date_time, 1, 10) as date) as stop_date,
    budget as daily_budget,
    final_url_suffix,
    tracking_url_template,
    dt as lake_day
from versions
where version_rank = 1
