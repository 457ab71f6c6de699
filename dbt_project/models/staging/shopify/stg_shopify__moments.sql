{# Visits before an order, as Shopify tells them. Where a visit has no UTM parameters, Shopify's own
   naming of its source stands in, and (direct) for its direct, as web analytics has it. #}
select
    orders.shop,
    orders.order_id,
    moment.id as moment_id,
    moment.occurred_at,
    moment.landing_page,
    moment.referrer_url,
    coalesce(
        moment.utm_source, case when lower(moment.source) = 'direct' then '(direct)' else lower(moment.source) end
    ) as touch_source,
    coalesce(
        moment.utm_medium,
        case
            when moment.utm_source is not null then null
            when upper(moment.source_type) = 'SEO' then 'organic'
            when upper(moment.source_type) = 'EMAIL' then 'email'
            when upper(moment.source_type) = 'AD' then 'paid'
            when upper(moment.source_type) = 'POST' then 'social'
            when lower(moment.source) = 'email' then 'email'
            when lower(moment.source) in ('google', 'bing', 'yahoo', 'duckduckgo') then 'organic'
            when lower(moment.source) = 'direct' then '(none)'
            when moment.referrer_url is not null then 'referral'
        end
    ) as touch_medium,
    moment.utm_campaign as touch_campaign,
    moment.utm_content as touch_content
from {{ ref('stg_shopify__orders') }} as orders
{{ explode('orders.moments', 'moment') }}
where orders.journey_ready
