{# The same as mart_campaign_roi below the campaign, for campaigns of advertising. What cannot be told to an
   ad is at `__unallocated__`: spend beyond the ads', and orders by touches that name a campaign alone.
   Spend and claims are repeated for each attribution model: a sum is over one model. #}
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
        coalesce(ad_group_id, '__unallocated__') as ad_group_id,
        coalesce(ad_id, '__unallocated__') as ad_id,
        {{ spend_sums() }}
    from {{ ref('fct_ad_daily') }}
    where {{ in_affected_months(ref('int_returns__states'), month_start('date_day')) }}
    group by
        date_day, source, account_id, campaign_id, coalesce(ad_group_id, '__unallocated__'),
        coalesce(ad_id, '__unallocated__')
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
        coalesce(ads.ad_group_id, '__unallocated__') as ad_group_id,
        coalesce(credits.ad_id, '__unallocated__') as ad_id,
        credits.attribution_model,
        {{ credit_sums() }}
    from {{ ref('fct_touch_credit') }} as credits
    left join {{ ref('int_ads__named') }} as ads
        on
            credits.campaign_source = ads.source
            and credits.campaign_account_id = ads.account_id
            and credits.campaign_id = ads.campaign_id
            and credits.ad_id = ads.ad_id
    where credits.campaign_source <> 'none' and {{ in_affected_months(ref('int_returns__states'), month_start('credits.order_date')) }}
    group by
        credits.order_date, credits.campaign_source, credits.campaign_account_id, credits.campaign_id,
        coalesce(ads.ad_group_id, '__unallocated__'), coalesce(credits.ad_id, '__unallocated__'),
        credits.attribution_model
),

joined as (
    select
        date_day,
        source,
        account_id,
        campaign_id,
        ad_group_id,
        ad_id,
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
        using (date_day, source, account_id, campaign_id, ad_group_id, ad_id, attribution_model)
)

select
    {{ surrogate_key([
        'joined.date_day', 'joined.source', 'joined.account_id', 'joined.campaign_id', 'joined.ad_group_id',
        'joined.ad_id', 'joined.attribution_model'
    ]) }} as ad_roi_key,
    joined.date_day,
    joined.source,
    joined.account_id,
    joined.campaign_id,
    {{ surrogate_key(['joined.source', 'joined.account_id', 'joined.campaign_id']) }} as campaign_key,
    joined.ad_group_id,
    coalesce(ad_groups.ad_group_name, joined.ad_group_id) as ad_group_name,
    joined.ad_id,
    coalesce(ads.ad_name, joined.ad_id) as ad_name,
    ads.creative_id,
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
    {{ delivery_ratios('joined') }},
    {{ return_ratios('joined') }}
from joined
left join {{ ref('int_ads__named') }} as ads
    on
        joined.source = ads.source
        and joined.account_id = ads.account_id
        and joined.campaign_id = ads.campaign_id
        and joined.ad_id = ads.ad_id
left join {{ ref('int_ad_groups__named') }} as ad_groups
    on
        joined.source = ad_groups.source
        and joined.account_id = ad_groups.account_id
        and joined.ad_group_id = ad_groups.ad_group_id
