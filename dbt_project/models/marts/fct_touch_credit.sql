with
touches as (
    select
        credits.order_key,
        credits.touch_id,
        credits.touch_number,
        credits.touches,
        credits.attribution_model,
        credits.credit,
        credits.revenue,
        credits.revenue_reporting,
        credits.margin_reporting,
        touches.touch_at,
        touches.touch_basis,
        touches.touch_source,
        touches.touch_medium,
        touches.touch_campaign,
        touches.touch_content,
        touches.ad_id,
        coalesce(touches.channel, 'unattributed') as channel,
        coalesce(touches.campaign_source, 'none') as campaign_source,
        coalesce(touches.campaign_account_id, 'none') as campaign_account_id,
        case
            when touches.touch_id is null then 'unattributed'
            else coalesce(touches.campaign_id, concat('__', touches.channel, '__'))
        end as campaign_id
    from {{ ref('int_credits__shared') }} as credits
    left join {{ ref('int_touches__unioned') }} as touches
        on credits.order_key = touches.order_key and credits.touch_id = touches.touch_id
)

select
    {{ surrogate_key(['touches.order_key', 'touches.touch_id', 'touches.attribution_model']) }} as touch_credit_key,
    touches.order_key,
    orders.source,
    orders.account_id,
    orders.order_id,
    orders.person_id,
    orders.order_date,
    orders.is_credit_note,
    orders.is_first_order,
    touches.attribution_model,
    touches.touch_id,
    touches.touch_at,
    touches.touch_number,
    touches.touches,
    touches.touch_basis,
    touches.touch_source,
    touches.touch_medium,
    touches.touch_campaign,
    touches.touch_content,
    touches.channel,
    touches.campaign_source,
    touches.campaign_account_id,
    touches.campaign_id,
    {{ surrogate_key(['touches.campaign_source', 'touches.campaign_account_id', 'touches.campaign_id']) }}
        as campaign_key,
    touches.ad_id,
    touches.credit,
    orders.currency,
    touches.revenue as attributed_revenue,
    touches.revenue_reporting as attributed_revenue_reporting,
    touches.margin_reporting as attributed_margin_reporting
from touches
inner join {{ ref('fct_order') }} as orders
    on touches.order_key = orders.order_key
