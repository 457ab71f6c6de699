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
        account_id,
        user_pseudo_id,
        ga_session_id,
        min(source) as source,
        min(event_at) as started_at,
        max(event_at) as ended_at,
        min(event_date) as session_date,
        count(*) as events,
        count(case when event_name = 'page_view' then 1 end) as page_views,
        count(case when event_name = 'view_item' then 1 end) as item_views,
        count(case when event_name = 'add_to_cart' then 1 end) as cart_additions,
        count(case when event_name = 'purchase' then 1 end) as purchases,
        sum(case when event_name = 'purchase' then purchase_revenue end) as purchase_revenue,
        max(case when session_engaged = '1' then 1 else 0 end) = 1 as is_engaged,
        min(event_order) as first_event,
        min(case when session_source is not null then event_order end) as first_event_with_source,
        min(case when page_location is not null then event_order end) as first_event_with_page,
        max(case when user_id is not null then event_order end) as last_event_with_user,
        max(case when event_name = 'purchase' and transaction_id is not null then event_order end) as last_purchase,
        min(lake_account) as lake_account,
        min(lake_day) as first_lake_day,
        max(lake_day) as last_lake_day
    from events
    group by account_id, user_pseudo_id, ga_session_id
),

{# What the session takes from one event of its own. `min` settles events of one and the same instant. #}
traits as (
    select
        events.account_id,
        events.user_pseudo_id,
        events.ga_session_id,
        {%- for column in ['geo_country', 'geo_region', 'geo_city', 'device_category'] %}
        min(case when events.event_order = sessions.first_event then events.{{ column }} end) as {{ column }},
        {%- endfor %}
        {%- for column in ['session_source', 'session_medium', 'session_campaign', 'session_content'] %}
        min(case when events.event_order = sessions.first_event_with_source then events.{{ column }} end)
            as {{ column }},
        {%- endfor %}
        min(case when events.event_order = sessions.first_event_with_page then events.page_location end)
            as landing_page,
        min(case when events.event_order = sessions.first_event_with_page then events.page_referrer end)
            as referrer,
        min(case when events.event_order = sessions.last_event_with_user then events.user_id end) as user_id,
        min(case when events.event_order = sessions.last_purchase then events.transaction_id end)
            as transaction_id
    from events
    inner join sessions
        on
            events.account_id = sessions.account_id
            and events.user_pseudo_id = sessions.user_pseudo_id
            and events.ga_session_id = sessions.ga_session_id
    where
        events.event_order in (
            sessions.first_event,
            sessions.first_event_with_source,
            sessions.first_event_with_page,
            sessions.last_event_with_user,
            sessions.last_purchase
        )
    group by events.account_id, events.user_pseudo_id, events.ga_session_id
),

countries as (
    select
        *,
        {{ country_code('geo_country') }} as country
    from traits
),

landings as (
    select
        *,
        {{ click_id_kind('landing_page') }} as click_id_kind,
        {{ state_name('country', 'geo_region') }} as region
    from countries
)

select
    {{ surrogate_key(['sessions.source', 'sessions.account_id', 'sessions.user_pseudo_id', 'sessions.ga_session_id']) }}
        as session_key,
    sessions.source,
    sessions.account_id,
    cast(sessions.ga_session_id as string) as session_id,
    {{ visitor_key('sessions.source', 'sessions.account_id', 'sessions.user_pseudo_id') }} as visitor_id,
    landings.user_id,
    sessions.started_at,
    sessions.ended_at,
    sessions.session_date,
    coalesce(landings.session_source, '(direct)') as session_source,
    coalesce(landings.session_medium, '(none)') as session_medium,
    coalesce(landings.session_campaign, '(not set)') as session_campaign,
    {# The first event of a visit may lack what its address has. #}
    coalesce(landings.session_content, {{ url_parameter('landings.landing_page', 'utm_content') }}) as session_content,
    landings.click_id_kind,
    {{ channel(
        'landings.session_source', 'landings.session_medium', 'landings.session_campaign', 'landings.click_id_kind'
    ) }} as channel,
    landings.landing_page,
    landings.referrer,
    landings.country,
    landings.region,
    landings.geo_city as city,
    {{ geo_key('landings.country', 'landings.region', 'landings.geo_city') }} as geo_id,
    landings.device_category as device,
    sessions.events,
    sessions.page_views,
    sessions.item_views,
    sessions.cart_additions,
    sessions.purchases,
    landings.transaction_id,
    {{ to_money('sessions.purchase_revenue') }} as purchase_revenue,
    sessions.is_engaged,
    sessions.lake_account,
    sessions.first_lake_day,
    sessions.last_lake_day
from sessions
inner join landings
    on
        sessions.account_id = landings.account_id
        and sessions.user_pseudo_id = landings.user_pseudo_id
        and sessions.ga_session_id = landings.ga_session_id
