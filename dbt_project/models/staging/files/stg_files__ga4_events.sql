select
    dataset as property_id,
    event_date,
    {{ instant_of_microseconds('event_timestamp') }} as event_at,
    event_timestamp as event_microseconds,
    coalesce(batch_event_index, 0) as batch_event_index,
    event_name,
    user_pseudo_id,
    nullif(user_id, '') as user_id,
    {{ list_lookup('event_params', 'key', 'ga_session_id', 'int_value') }} as ga_session_id,
    {{ list_lookup('event_params', 'key', 'page_location', 'string_value') }} as page_location,
    {{ list_lookup('event_params', 'key', 'page_referrer', 'string_value') }} as page_referrer,
    coalesce(
        {{ list_lookup('event_params', 'key', 'share_id', 'string_value') }},
        {{ list_lookup('event_params', 'key', 'item_id', 'string_value') }}
    ) as share_id,
    coalesce(
        {{ list_lookup('event_params', 'key', 'session_engaged', 'string_value') }},
        cast({{ list_lookup('event_params', 'key', 'session_engaged', 'int_value') }} as string)
    ) as session_engaged,
    geo_country,
    geo_region,
    geo_city,
    device_category,
    coalesce(session_source, manual_source) as session_source,
    coalesce(session_medium, manual_medium) as session_medium,
    coalesce(session_campaign, manual_campaign) as session_campaign,
    manual_content as session_content,
    nullif(nullif(transaction_id, ''), '(not set)') as transaction_id,
    cast(purchase_revenue as decimal(18, 4)) as purchase_revenue,
    dt as lake_day
from {{ source('files', 'ga4_events') }}
