{# Spend stands on the day of the advertising account, revenue on the day of the order. Spend and claims
   are repeated for each attribution model: a sum is over one model. #}
{{ config(**replaced_by_month('int_returns__states', month=month_start('date_day'))) }}

with
models as (
    {{ attribution_model_rows() }}
),

spent as (
    select
        date_day,
        source,
        account_id,
        campaign_id,
        {{ spend_sums() }}
    from {{ ref('fct_ad_daily') }}
    where {{ in_affected_months(ref('int_returns__states'), month_start('date_day')) }}
    group by date_day, source, account_id, campaign_id
),

spent_by_model as (
    select
        spent.*,
        models.attribution_model
    from spent
    cross join models
),

attributed as (
    select
        credits.order_date as date_day,
        credits.campaign_source as source,
        credits.campaign_account_id as account_id,
        credits.campaign_id,
        credits.attribution_model,
        {{ credit_sums() }}
    from {{ ref('fct_touch_credit') }} as credits
    where {{ in_affected_months(ref('int_returns__states'), month_start('credits.order_date')) }}
    group by
        credits.order_date, credits.campaign_source, credits.campaign_account_id, credits.campaign_id,
        credits.attribution_model
),

recorded as (
    select
        order_date as date_day,
        count(case when not is_credit_note then 1 end) as recorded_orders,
        {{ to_money('sum(net_amount_reporting)') }} as recorded_revenue
    from {{ ref('fct_order') }}
    group by order_date
),

joined as (
    select
        date_day,
        source,
        account_id,
        campaign_id,
        attribution_model,
        spent.spend_currency,
        spent.spend_native,
        coalesce(spent.spend, cast(0 as decimal(18, 4))) as spend,
        spent.impressions,
        spent.clicks,
        spent.claimed_conversions,
        spent.claimed_click_conversions,
        spent.claimed_view_conversions,
        spent.claimed_value_native,
        spent.claimed_value,
        {{ credits_or_none() }}
    from spent_by_model as spent
    full join attributed
        using (date_day, source, account_id, campaign_id, attribution_model)
)

select
    {{ surrogate_key([
        'joined.date_day', 'joined.source', 'joined.account_id', 'joined.campaign_id', 'joined.attribution_model'
    ]) }} as campaign_roi_key,
    joined.date_day,
    joined.source,
    joined.account_id,
    joined.campaign_id,
    {{ surrogate_key(['joined.source', 'joined.account_id', 'joined.campaign_id']) }} as campaign_key,
    campaigns.campaign_name,
    campaigns.channel,
    {{ is_paid('campaigns.channel') }} as is_paid,
    joined.attribution_model,
    joined.spend_currency,
    joined.spend_native,
    joined.spend,
    joined.impressions,
    joined.clicks,
    {{ claim_window('joined.source') }} as claim_window,
    joined.claimed_conversions,
    joined.claimed_click_conversions,
    joined.claimed_view_conversions,
    joined.claimed_value_native,
    joined.claimed_value,
    joined.attributed_orders,
    joined.attributed_first_orders,
    joined.attributed_currency,
    joined.attributed_revenue_native,
    joined.attributed_revenue,
    joined.attributed_margin,
    coalesce(recorded.recorded_orders, 0) as recorded_orders_of_day,
    coalesce(recorded.recorded_revenue, cast(0 as decimal(18, 4))) as recorded_revenue_of_day,
    {{ delivery_ratios('joined') }},
    {{ return_ratios('joined') }}
from joined
left join {{ ref('dim_campaign') }} as campaigns
    on
        joined.source = campaigns.source
        and joined.account_id = campaigns.account_id
        and joined.campaign_id = campaigns.campaign_id
left join recorded
    on joined.date_day = recorded.date_day
