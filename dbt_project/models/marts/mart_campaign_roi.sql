{# Spend stands on the day of the advertising account, revenue on the day of the order. Spend and claims
   are repeated for each attribution model: a sum is over one model. #}
with
models as (
    {%- for model in attribution_models() %}
    select '{{ model }}' as attribution_model{{ ' union all' if not loop.last }}
    {%- endfor %}
),

spent as (
    select
        date_day,
        source,
        account_id,
        campaign_id,
        min(currency) as currency,
        {{ to_money('sum(spend)') }} as spend_native,
        {{ to_money('sum(spend_reporting)') }} as spend,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(claimed_conversions) as decimal(18, 4)) as claimed_conversions,
        {{ to_money('sum(claimed_value_reporting)') }} as claimed_value
    from {{ ref('fct_ad_daily') }}
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
        order_date as date_day,
        campaign_source as source,
        campaign_account_id as account_id,
        campaign_id,
        attribution_model,
        cast(sum(case when is_credit_note then 0 else credit end) as decimal(18, 8)) as attributed_orders,
        cast(sum(case when is_first_order then credit else 0 end) as decimal(18, 8)) as attributed_first_orders,
        {{ to_money('sum(attributed_revenue_reporting)') }} as attributed_revenue,
        {# One order without a known cost leaves the margin of its row unknown. #}
        case
            when count(*) = count(attributed_margin_reporting) then {{ to_money('sum(attributed_margin_reporting)') }}
        end as attributed_margin
    from {{ ref('fct_touch_credit') }}
    group by order_date, campaign_source, campaign_account_id, campaign_id, attribution_model
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
        spent.currency,
        spent.spend_native,
        coalesce(spent.spend, cast(0 as decimal(18, 4))) as spend,
        spent.impressions,
        spent.clicks,
        spent.claimed_conversions,
        spent.claimed_value,
        coalesce(attributed.attributed_orders, cast(0 as decimal(18, 8))) as attributed_orders,
        coalesce(attributed.attributed_first_orders, cast(0 as decimal(18, 8))) as attributed_first_orders,
        coalesce(attributed.attributed_revenue, cast(0 as decimal(18, 4))) as attributed_revenue,
        case
            when attributed.attributed_orders is null then cast(0 as decimal(18, 4))
            else attributed.attributed_margin
        end as attributed_margin
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
    joined.attribution_model,
    joined.currency as spend_currency,
    joined.spend_native,
    joined.spend,
    joined.impressions,
    joined.clicks,
    joined.claimed_conversions,
    joined.claimed_value,
    joined.attributed_orders,
    joined.attributed_first_orders,
    joined.attributed_revenue,
    joined.attributed_margin,
    coalesce(recorded.recorded_orders, 0) as recorded_orders_of_day,
    coalesce(recorded.recorded_revenue, cast(0 as decimal(18, 4))) as recorded_revenue_of_day,
    {{ ratio('joined.attributed_revenue', 'joined.spend') }} as roas,
    {{ ratio('joined.attributed_margin - joined.spend', 'joined.spend') }} as roi,
    {{ ratio('joined.spend', 'joined.attributed_orders') }} as cpa,
    {{ ratio('joined.claimed_conversions', 'joined.attributed_orders') }} as over_claim_ratio
from joined
left join {{ ref('dim_campaign') }} as campaigns
    on
        joined.source = campaigns.source
        and joined.account_id = campaigns.account_id
        and joined.campaign_id = campaigns.campaign_id
left join recorded
    on joined.date_day = recorded.date_day
