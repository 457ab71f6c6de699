{# Events with the session that they belong to. An event without a session id (no consent, or sent by a
   server) belongs to none. `event_order` is the time in microseconds, then the place in the batch. #}
select
    {{ surrogate_key(["'files'", 'property_id', 'user_pseudo_id', 'ga_session_id']) }} as session_key,
    'files' as source,
    property_id as account_id,
    user_pseudo_id,
    ga_session_id,
    event_date,
    event_at,
    event_microseconds * 1000 + least(batch_event_index, 999) as event_order,
    event_name,
    user_id,
    page_location,
    page_referrer,
    session_engaged,
    geo_country,
    geo_region,
    geo_city,
    device_category,
    session_source,
    session_medium,
    session_campaign,
    session_content,
    transaction_id,
    purchase_revenue,
    property_id as lake_account,
    lake_day
from {{ ref('stg_files__ga4_events') }}
where ga_session_id is not null
