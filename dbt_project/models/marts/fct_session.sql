{#
A session may cross midnight, into another day's file. What a changed day touches is every session
with an event in it, now or when the fact was built; those are made again from all their events. The
days to read are found before the statement is made, so that they are literals and prune the files.
#}
{%- set inputs = ['files.ga4_events'] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_affected',
    meta={'replaces': 'session_key in (select session_key from $affected)'},
    pre_hook="{{ find_affected_sessions(" ~ inputs ~ ") }}",
    post_hook="{{ record_inputs(" ~ inputs ~ ") }}",
) }}
-- depends_on: {{ ref('stg_lake__files') }}

with
events as (
    select *
    from {{ ref('int_sessions__from_events') }}
    {%- if is_incremental() %}
    where
        lake_day in ({{ days_of_affected_sessions(inputs) }})
        and session_key in (select session_key from {{ affected() }})
    {%- endif %}
),

sessions as (
    select
        session_key,
        min(source) as source,
        min(account_id) as account_id,
        min(visitor_id) as visitor_id,
        min(session_id) as session_id,
        min(event_at) as started_at,
        max(event_at) as ended_at,
        min(event_date) as session_date,
        min_by(session_source, event_order) filter (where session_source is not null) as session_source,
        min_by(session_medium, event_order) filter (where session_medium is not null) as session_medium,
        min_by(session_campaign, event_order) filter (where session_campaign is not null) as session_campaign,
        min_by(session_content, event_order) filter (where session_content is not null) as session_content,
        min_by(page_location, event_order) filter (where page_location is not null) as landing_page,
        min_by(page_referrer, event_order) filter (where page_referrer is not null) as referrer,
        min_by(geo_country, event_order) filter (where geo_country is not null) as country,
        min_by(geo_region, event_order) filter (where geo_region is not null) as region,
        min_by(geo_city, event_order) filter (where geo_city is not null) as city,
        min_by(device_category, event_order) filter (where device_category is not null) as device,
        max_by(user_id, event_order) filter (where user_id is not null) as user_id,
        max_by(transaction_id, event_order)
            filter (where event_name = 'purchase' and transaction_id is not null) as transaction_id,
        count(*) as events,
        count(case when event_name = 'page_view' then 1 end) as page_views,
        count(case when event_name = 'view_item' then 1 end) as item_views,
        count(case when event_name = 'add_to_cart' then 1 end) as cart_additions,
        count(case when event_name = 'purchase' then 1 end) as purchases,
        sum(case when event_name = 'purchase' then purchase_revenue end) as purchase_revenue,
        max(case when session_engaged = '1' then 1 else 0 end) = 1 as is_engaged,
        min(lake_account) as lake_account,
        min(lake_day) as first_lake_day,
        max(lake_day) as last_lake_day
    from events
    group by session_key
)

select
    session_key,
    source,
    account_id,
    session_id,
    visitor_id,
    user_id,
    started_at,
    ended_at,
    session_date,
    coalesce(session_source, '(direct)') as session_source,
    coalesce(session_medium, '(none)') as session_medium,
    coalesce(session_campaign, '(not set)') as session_campaign,
    session_content,
    {{ channel('session_source', 'session_medium') }} as channel,
    landing_page,
    referrer,
    country,
    region,
    city,
    {{ geo_key('country', 'region', 'city') }} as geo_id,
    device,
    events,
    page_views,
    item_views,
    cart_additions,
    purchases,
    transaction_id,
    {{ to_money('purchase_revenue') }} as purchase_revenue,
    is_engaged,
    lake_account,
    first_lake_day,
    last_lake_day
from sessions
