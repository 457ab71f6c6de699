{# Visits that may have led to an order: those of its person (or, by the shop's journey, of itself) within
   `lookback_days` before it, by timestamp.

   A visit counts once, whoever tells of it. The shop's own journey knows the visits of one browser; the
   person's sessions know those of every browser that is theirs, and are taken where no visit of the journey
   lies within half an hour of them, which is how long both let a visit rest before it is another. The visit
   that an export, or the order itself, names is taken where nothing else is known. Whose a browser is counts as far
   as it was known `settled_after_days` after the order. #}
{{ config(materialized='table') }}

with
moments as (
    select
        orders.order_key,
        moments.moment_id as touch_id,
        moments.occurred_at as touch_at,
        'journey' as touch_basis,
        moments.touch_source,
        moments.touch_medium,
        moments.touch_campaign,
        moments.touch_content,
        {{ click_id_kind('moments.landing_page') }} as click_id_kind,
        orders.ordered_at
    from {{ ref('fct_order') }} as orders
    inner join {{ ref('stg_shopify__moments') }} as moments
        on
            orders.source = 'shopify'
            and orders.account_id = moments.shop
            and orders.order_id = moments.order_id
),

sessions_of_person as (
    select
        orders.order_key,
        sessions.session_key as touch_id,
        sessions.started_at as touch_at,
        sessions.ended_at,
        'session' as touch_basis,
        sessions.session_source as touch_source,
        sessions.session_medium as touch_medium,
        sessions.session_campaign as touch_campaign,
        sessions.session_content as touch_content,
        sessions.click_id_kind,
        orders.ordered_at
    from {{ ref('fct_order') }} as orders
    inner join {{ ref('int_visitors__linked') }} as visitors
        on orders.person_id = visitors.person_id and {{ is_settled_link('orders.ordered_at') }}
    inner join {{ ref('fct_session') }} as sessions
        on
            visitors.visitor_id = sessions.visitor_id
            and orders.ordered_at >= sessions.started_at
            and orders.ordered_at <= sessions.started_at + interval {{ var('lookback_days') }} day
),

sessions as (
    select
        sessions_of_person.order_key,
        sessions_of_person.touch_id,
        sessions_of_person.touch_at,
        sessions_of_person.touch_basis,
        sessions_of_person.touch_source,
        sessions_of_person.touch_medium,
        sessions_of_person.touch_campaign,
        sessions_of_person.touch_content,
        sessions_of_person.click_id_kind,
        sessions_of_person.ordered_at
    from sessions_of_person
    left join moments
        on
            sessions_of_person.order_key = moments.order_key
            and sessions_of_person.touch_at - interval 30 minute <= moments.touch_at
            and sessions_of_person.ended_at + interval 30 minute >= moments.touch_at
    where moments.order_key is null
),

orders_with_sessions as (
    select distinct order_key from sessions
),

exported as (
    select
        orders.order_key,
        orders.order_key as touch_id,
        orders.ordered_at as touch_at,
        'order' as touch_basis,
        exports.utm_source as touch_source,
        exports.utm_medium as touch_medium,
        exports.utm_campaign as touch_campaign,
        cast(null as string) as touch_content,
        cast(null as string) as click_id_kind,
        orders.ordered_at
    from {{ ref('fct_order') }} as orders
    inner join {{ ref('stg_files__orders') }} as exports
        on
            orders.source = 'files'
            and orders.account_id = exports.dataset
            and orders.order_id = exports.order_id
    left join orders_with_sessions as told
        on orders.order_key = told.order_key
    where
        coalesce(exports.utm_source, exports.utm_medium, exports.utm_campaign) is not null
        and told.order_key is null
),

{# A site's own attribution tells of the visit that bought, and of no other. #}
attributed as (
    select
        orders.order_key,
        orders.order_key as touch_id,
        orders.ordered_at as touch_at,
        'order' as touch_basis,
        attributions.touch_source,
        attributions.touch_medium,
        attributions.touch_campaign,
        attributions.touch_content,
        cast(null as string) as click_id_kind,
        orders.ordered_at
    from {{ ref('fct_order') }} as orders
    inner join {{ ref('stg_woocommerce__orders') }} as attributions
        on
            orders.source = 'woocommerce'
            and orders.account_id = attributions.site
            and orders.order_id = attributions.order_id
    left join orders_with_sessions as told
        on orders.order_key = told.order_key
    where
        attributions.touch_type <> 'admin'
        and attributions.touch_source is not null
        and told.order_key is null
),

unioned as (
    select * from moments
    union all
    select * from sessions
    union all
    select * from exported
    union all
    select * from attributed
)

select
    touches.order_key,
    touches.touch_id,
    touches.touch_at,
    touches.touch_basis,
    touches.touch_source,
    touches.touch_medium,
    touches.touch_campaign,
    touches.touch_content,
    touches.click_id_kind,
    {{ channel('touches.touch_source', 'touches.touch_medium', 'touches.touch_campaign', 'touches.click_id_kind') }}
        as channel,
    coalesce(ads.source, campaigns.source) as campaign_source,
    coalesce(ads.account_id, campaigns.account_id) as campaign_account_id,
    coalesce(ads.campaign_id, campaigns.campaign_id) as campaign_id,
    ads.ad_id
from unioned as touches
left join {{ ref('int_campaigns__link_tags') }} as ads
    on ads.parameter = 'utm_content' and lower(touches.touch_content) = ads.tag
left join {{ ref('int_campaigns__link_tags') }} as campaigns
    on campaigns.parameter = 'utm_campaign' and lower(touches.touch_campaign) = campaigns.tag
where {{ within_lookback() }}
