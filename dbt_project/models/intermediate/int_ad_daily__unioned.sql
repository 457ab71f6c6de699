{# Advertising by ad and day. Where a platform's totals hold more than its ads (deleted ads, withheld
   rows), the difference is a row of its own, so that the sum over an account-day is the account's total:
   under its campaign where the campaign's total holds it, else under campaign `__unallocated__`. #}
{%- set levels = ['account_id', 'campaign_id', 'ad_group_id', 'ad_id', 'date_day', 'currency'] -%}
with
ads as (
    {{ union_ads('by_ad', levels + ad_metrics() + ['reach']) }}
),

campaigns as (
    {{ union_ads('by_campaign', ['account_id', 'campaign_id', 'date_day', 'currency'] + ad_metrics()) }}
),

accounts as (
    {{ union_ads('by_account', ['account_id', 'date_day', 'currency'] + ad_metrics()) }}
),

explained_by_ads as (
    select
        source,
        account_id,
        campaign_id,
        date_day,
        {{ sum_ad_metrics() }}
    from ads
    group by source, account_id, campaign_id, date_day
),

{# A campaign's total, less what its ads explain. A campaign without a total of its own has no row here:
   its ads are all that is known of it. #}
campaign_rests as (
    select
        campaigns.source,
        campaigns.platform,
        campaigns.account_id,
        campaigns.campaign_id,
        campaigns.date_day,
        campaigns.currency,
        {{ less_explained('campaigns') }}
    from campaigns
    left join explained_by_ads as explained
        on
            campaigns.source = explained.source
            and campaigns.account_id = explained.account_id
            and campaigns.campaign_id = explained.campaign_id
            and campaigns.date_day = explained.date_day
),

ads_and_campaign_rests as (
    select
        source,
        platform,
        {{ levels | join(',\n        ') }},
        {{ ad_metrics() | join(',\n        ') }},
        reach
    from ads
    union all
    select
        source,
        platform,
        account_id,
        campaign_id,
        '__unallocated__' as ad_group_id,
        '__unallocated__' as ad_id,
        date_day,
        currency,
        {{ ad_metrics() | join(',\n        ') }},
        cast(null as bigint) as reach
    from campaign_rests
    where {{ any_ad_metric() }}
),

explained_by_campaigns as (
    select
        source,
        account_id,
        date_day,
        {{ sum_ad_metrics() }}
    from ads_and_campaign_rests
    group by source, account_id, date_day
),

account_rests as (
    select
        accounts.source,
        accounts.platform,
        accounts.account_id,
        accounts.date_day,
        accounts.currency,
        {{ less_explained('accounts') }}
    from accounts
    left join explained_by_campaigns as explained
        on
            accounts.source = explained.source
            and accounts.account_id = explained.account_id
            and accounts.date_day = explained.date_day
),

platforms as (
    select * from ads_and_campaign_rests
    union all
    select
        source,
        platform,
        account_id,
        '__unallocated__' as campaign_id,
        '__unallocated__' as ad_group_id,
        '__unallocated__' as ad_id,
        date_day,
        currency,
        {{ ad_metrics() | join(',\n        ') }},
        cast(null as bigint) as reach
    from account_rests
    where {{ any_ad_metric() }}
),

unioned as (
    select
        *,
        account_id as lake_account,
        date_day as lake_day
    from platforms
    union all
    select
        'files' as source,
        platform,
        {{ levels | join(',\n        ') }},
        spend,
        impressions,
        clicks,
        cast(null as bigint) as link_clicks,
        claimed_conversions,
        cast(null as decimal(18, 4)) as claimed_conversions_7d_click,
        cast(null as decimal(18, 4)) as claimed_conversions_1d_view,
        claimed_value,
        cast(null as bigint) as reach,
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
