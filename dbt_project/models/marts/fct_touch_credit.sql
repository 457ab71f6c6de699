{#
Credits of a month are made again when anything that they come of has changed: an order, a touch, a cost, or what
the month learns of the channels.
#}
{{ config(**replaced_by_month('int_credits__states', month=month_start('order_date'))) }}

with
{# Keys are made of touches, and not of each model's credit of them. #}
placed as (
    select
        *,
        {{ surrogate_key(['campaign_source', 'campaign_account_id', 'campaign_id']) }} as campaign_key
    from (
        select
            order_key,
            touch_id,
            touch_at,
            touch_basis,
            touch_source,
            touch_medium,
            touch_campaign,
            touch_content,
            ad_id,
            channel,
            coalesce(campaign_source, 'none') as campaign_source,
            coalesce(campaign_account_id, 'none') as campaign_account_id,
            coalesce(campaign_id, concat('__', channel, '__')) as campaign_id
        from {{ ref('int_touches__unioned') }}
    ) as touches
),

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
        placed.touch_at,
        placed.touch_basis,
        placed.touch_source,
        placed.touch_medium,
        placed.touch_campaign,
        placed.touch_content,
        placed.ad_id,
        coalesce(placed.channel, 'unattributed') as channel,
        coalesce(placed.campaign_source, 'none') as campaign_source,
        coalesce(placed.campaign_account_id, 'none') as campaign_account_id,
        coalesce(placed.campaign_id, 'unattributed') as campaign_id,
        coalesce(placed.campaign_key, {{ surrogate_key(["'none'", "'none'", "'unattributed'"]) }}) as campaign_key
    from {{ ref('int_credits__shared') }} as credits
    left join placed
        on credits.order_key = placed.order_key and credits.touch_id = placed.touch_id
    where {{ in_affected_months(ref('int_credits__states'), 'credits.order_month') }}
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
    touches.campaign_key,
    touches.ad_id,
    touches.credit,
    orders.currency,
    touches.revenue as attributed_revenue,
    touches.revenue_reporting as attributed_revenue_reporting,
    touches.margin_reporting as attributed_margin_reporting
from touches
inner join {{ ref('fct_order') }} as orders
    on touches.order_key = orders.order_key
