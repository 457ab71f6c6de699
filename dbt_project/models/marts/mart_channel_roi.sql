{# Orders are in the region of their address, in the channel of the campaign that is credited. Spend is in the
   region in which a platform says that its ads were shown; what no platform says (LinkedIn and X do not,
   TikTok tells provinces by number) is at `__unallocated__`, with what conversion rounds differently by
   region. Spend is repeated for each attribution model: a sum is over one model. #}
{{ config(**replaced_by_month('int_returns__states')) }}

with
models as (
    {{ attribution_model_rows() }}
),

broken_down as (
    select
        {{ ad_channel("'meta_ads'") }} as channel,
        {{ country_of_state('region') }} as country,
        region as province,
        date_day,
        currency,
        spend
    from {{ ref('stg_meta_ads__insights_region') }}
    union all
    select
        {{ ad_channel("'google_ads'") }} as channel,
        places.country_code as country,
        places.place_name as province,
        regions.date_day,
        regions.currency,
        regions.spend
    from {{ ref('stg_google_ads__region_daily') }} as regions
    left join {{ ref('stg_google_ads__geo_targets') }} as places
        on regions.region_id = places.geo_target_id
),

named as (
    select
        channel,
        coalesce(country, 'unknown') as country,
        coalesce({{ state_name('country', 'province') }}, 'unknown') as province,
        date_day,
        currency,
        spend
    from broken_down
),

spent_by_day as (
    select
        channel,
        country,
        province,
        date_day,
        currency,
        {{ to_money('sum(spend)') }} as spend
    from named
    where {{ in_affected_months(ref('int_returns__states'), month_start('date_day')) }}
    group by channel, country, province, date_day, currency
),

spent_by_region as (
    select
        {{ month_start('spent.date_day') }} as month,
        spent.channel,
        spent.country,
        spent.province,
        {{ to_money('sum(' ~ to_reporting('spent.spend', fx_rate('spent.currency')) ~ ')') }} as spend
    from spent_by_day as spent
    left join {{ ref('int_fx_rates__daily') }} as fx
        on spent.currency = fx.currency and spent.date_day = fx.date_day
    group by {{ month_start('spent.date_day') }}, spent.channel, spent.country, spent.province
),

spent_in_all as (
    select
        {{ month_start('date_day') }} as month,
        {{ ad_channel('source') }} as channel,
        {{ to_money('sum(spend_reporting)') }} as spend
    from {{ ref('fct_ad_daily') }}
    where {{ in_affected_months(ref('int_returns__states'), month_start('date_day')) }}
    group by {{ month_start('date_day') }}, {{ ad_channel('source') }}
),

explained as (
    select
        month,
        channel,
        {{ to_money('sum(spend)') }} as spend
    from spent_by_region
    group by month, channel
),

spent as (
    select * from spent_by_region
    union all
    select
        month,
        channel,
        '__unallocated__' as country,
        '__unallocated__' as province,
        {{ to_money('coalesce(spent_in_all.spend, 0) - coalesce(explained.spend, 0)') }} as spend
    from spent_in_all
    full join explained
        using (month, channel)
    where coalesce(spent_in_all.spend, 0) <> coalesce(explained.spend, 0)
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
        {{ month_start('credits.order_date') }} as month,
        campaigns.channel,
        coalesce(orders.country, 'unknown') as country,
        coalesce(orders.province, 'unknown') as province,
        credits.attribution_model,
        {{ credit_sums() }}
    from {{ ref('fct_touch_credit') }} as credits
    inner join {{ ref('fct_order') }} as orders
        on credits.order_key = orders.order_key
    inner join {{ ref('dim_campaign') }} as campaigns
        on credits.campaign_key = campaigns.campaign_key
    where {{ in_affected_months(ref('int_returns__states'), month_start('credits.order_date')) }}
    group by
        {{ month_start('credits.order_date') }}, campaigns.channel, coalesce(orders.country, 'unknown'),
        coalesce(orders.province, 'unknown'), credits.attribution_model
),

recorded as (
    select
        {{ month_start('order_date') }} as month,
        coalesce(country, 'unknown') as country,
        coalesce(province, 'unknown') as province,
        count(case when not is_credit_note then 1 end) as orders,
        {{ to_money('sum(net_amount_reporting)') }} as revenue
    from {{ ref('fct_order') }}
    group by {{ month_start('order_date') }}, coalesce(country, 'unknown'), coalesce(province, 'unknown')
),

joined as (
    select
        month,
        channel,
        country,
        province,
        attribution_model,
        coalesce(spent.spend, cast(0 as decimal(18, 4))) as spend,
        {{ credits_or_none() }}
    from spent_by_model as spent
    full join attributed
        using (month, channel, country, province, attribution_model)
)

select
    {{ surrogate_key([
        'joined.month', 'joined.channel', 'joined.country', 'joined.province', 'joined.attribution_model'
    ]) }} as channel_roi_key,
    joined.month,
    joined.channel,
    {{ is_paid('joined.channel') }} as is_paid,
    joined.country,
    joined.province,
    joined.attribution_model,
    joined.spend,
    joined.attributed_orders,
    joined.attributed_first_orders,
    joined.attributed_currency,
    joined.attributed_revenue_native,
    joined.attributed_revenue,
    joined.attributed_margin,
    coalesce(recorded.orders, 0) as recorded_orders_of_region,
    coalesce(recorded.revenue, cast(0 as decimal(18, 4))) as recorded_revenue_of_region,
    {{ return_ratios('joined') }}
from joined
left join recorded
    on
        joined.month = recorded.month
        and joined.country = recorded.country
        and joined.province = recorded.province
