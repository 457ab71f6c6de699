{# Advertising by ad and day. Where a platform's totals hold more than its ads (deleted ads, withheld
   rows), the difference is a row of its own, so that the sum over an account-day is the account's total:
   under its campaign where the campaign's total holds it, else under campaign `__unallocated__`. #}
with
ads as (
    select
        account_id,
        campaign_id,
        ad_group_id,
        ad_id,
        date_day,
        currency,
        spend,
        impressions,
        clicks,
        link_clicks,
        reach,
        claimed_conversions,
        claimed_conversions_7d_click,
        claimed_conversions_1d_view,
        claimed_value
    from {{ ref('stg_meta_ads__insights_ad') }}
),

explained_by_ads as (
    select
        account_id,
        campaign_id,
        date_day,
        {{ sum_ad_metrics() }}
    from ads
    group by account_id, campaign_id, date_day
),

{# A campaign's total, less what its ads explain. A campaign without a total of its own has no row here:
   its ads are all that is known of it. #}
campaign_rests as (
    select
        campaigns.account_id,
        campaigns.campaign_id,
        campaigns.date_day,
        campaigns.currency,
        campaigns.spend - coalesce(explained.spend, 0) as spend,
        campaigns.impressions - coalesce(explained.impressions, 0) as impressions,
        campaigns.clicks - coalesce(explained.clicks, 0) as clicks,
        campaigns.link_clicks - coalesce(explained.link_clicks, 0) as link_clicks,
        campaigns.claimed_conversions - coalesce(explained.claimed_conversions, 0) as claimed_conversions,
        campaigns.claimed_conversions_7d_click
        - coalesce(explained.claimed_conversions_7d_click, 0) as claimed_conversions_7d_click,
        campaigns.claimed_conversions_1d_view
        - coalesce(explained.claimed_conversions_1d_view, 0) as claimed_conversions_1d_view,
        campaigns.claimed_value - coalesce(explained.claimed_value, 0) as claimed_value
    from {{ ref('stg_meta_ads__insights_campaign') }} as campaigns
    left join explained_by_ads as explained
        on
            campaigns.account_id = explained.account_id
            and campaigns.campaign_id = explained.campaign_id
            and campaigns.date_day = explained.date_day
),

ads_and_campaign_rests as (
    select
        account_id,
        campaign_id,
        ad_group_id,
        ad_id,
        date_day,
        currency,
        spend,
        impressions,
        clicks,
        link_clicks,
        reach,
        claimed_conversions,
        claimed_conversions_7d_click,
        claimed_conversions_1d_view,
        claimed_value
    from ads
    union all
    select
        account_id,
        campaign_id,
        '__unallocated__' as ad_group_id,
        '__unallocated__' as ad_id,
        date_day,
        currency,
        spend,
        impressions,
        clicks,
        link_clicks,
        cast(null as bigint) as reach,
        claimed_conversions,
        claimed_conversions_7d_click,
        claimed_conversions_1d_view,
        claimed_value
    from campaign_rests
    where {{ any_ad_metric() }}
),

explained_by_campaigns as (
    select
        account_id,
        date_day,
        {{ sum_ad_metrics() }}
    from ads_and_campaign_rests
    group by account_id, date_day
),

account_rests as (
    select
        accounts.account_id,
        accounts.date_day,
        accounts.currency,
        accounts.spend - coalesce(explained.spend, 0) as spend,
        accounts.impressions - coalesce(explained.impressions, 0) as impressions,
        accounts.clicks - coalesce(explained.clicks, 0) as clicks,
        accounts.link_clicks - coalesce(explained.link_clicks, 0) as link_clicks,
        accounts.claimed_conversions - coalesce(explained.claimed_conversions, 0) as claimed_conversions,
        accounts.claimed_conversions_7d_click
        - coalesce(explained.claimed_conversions_7d_click, 0) as claimed_conversions_7d_click,
        accounts.claimed_conversions_1d_view
        - coalesce(explained.claimed_conversions_1d_view, 0) as claimed_conversions_1d_view,
        accounts.claimed_value - coalesce(explained.claimed_value, 0) as claimed_value
    from {{ ref('stg_meta_ads__insights_account') }} as accounts
    left join explained_by_campaigns as explained
        on accounts.account_id = explained.account_id and accounts.date_day = explained.date_day
),

meta as (
    select * from ads_and_campaign_rests
    union all
    select
        account_id,
        '__unallocated__' as campaign_id,
        '__unallocated__' as ad_group_id,
        '__unallocated__' as ad_id,
        date_day,
        currency,
        spend,
        impressions,
        clicks,
        link_clicks,
        cast(null as bigint) as reach,
        claimed_conversions,
        claimed_conversions_7d_click,
        claimed_conversions_1d_view,
        claimed_value
    from account_rests
    where {{ any_ad_metric() }}
),

unioned as (
    select
        'meta_ads' as source,
        'meta' as platform,
        account_id,
        campaign_id,
        ad_group_id,
        ad_id,
        date_day,
        currency,
        spend,
        impressions,
        clicks,
        link_clicks,
        reach,
        claimed_conversions,
        claimed_conversions_7d_click,
        claimed_conversions_1d_view,
        claimed_value,
        account_id as lake_account,
        date_day as lake_day
    from meta
    union all
    select
        'files' as source,
        platform,
        account_id,
        campaign_id,
        ad_group_id,
        ad_id,
        date_day,
        currency,
        spend,
        impressions,
        clicks,
        cast(null as bigint) as link_clicks,
        cast(null as bigint) as reach,
        claimed_conversions,
        cast(null as decimal(18, 4)) as claimed_conversions_7d_click,
        cast(null as decimal(18, 4)) as claimed_conversions_1d_view,
        claimed_value,
        dataset as lake_account,
        lake_day
    from {{ ref('stg_files__ad_daily') }}
)

select
    {{ surrogate_key(['source', 'lake_account', 'platform', 'account_id', 'campaign_id', 'ad_group_id', 'ad_id', 'date_day']) }}
        as ad_daily_key,
    {{ surrogate_key(['source', 'lake_account', 'lake_day']) }} as account_day_key,
    source,
    platform,
    account_id,
    campaign_id,
    ad_group_id,
    ad_id,
    date_day,
    currency,
    {{ to_money('spend') }} as spend,
    cast(impressions as bigint) as impressions,
    cast(clicks as bigint) as clicks,
    cast(link_clicks as bigint) as link_clicks,
    reach,
    cast(claimed_conversions as decimal(18, 4)) as claimed_conversions,
    cast(claimed_conversions_7d_click as decimal(18, 4)) as claimed_conversions_7d_click,
    cast(claimed_conversions_1d_view as decimal(18, 4)) as claimed_conversions_1d_view,
    {{ to_money('claimed_value') }} as claimed_value,
    lake_account,
    lake_day as first_lake_day,
    lake_day as last_lake_day
from unioned
