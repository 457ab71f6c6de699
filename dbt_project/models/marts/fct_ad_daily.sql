{%- set inputs = ad_streams() + ['files.ad_daily'] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_affected',
    meta={'replaces': 'account_day_key in (select account_day_key from $affected)'},
    pre_hook="{{ find_affected_account_days(" ~ inputs ~ ") }}",
    post_hook="{{ record_inputs(" ~ inputs ~ ") }}",
) }}
-- depends_on: {{ ref('stg_lake__files') }}

with
ads as (
    select *
    from {{ ref('int_ad_daily__unioned') }}
    {%- if is_incremental() %}
    where
        {# As literals, the days prune the files that are read. #}
        first_lake_day in ({{ days_of_affected_accounts(inputs) }})
        and account_day_key in (select account_day_key from {{ affected() }})
    {%- endif %}
)

select
    ads.ad_daily_key,
    ads.source,
    ads.platform,
    ads.account_id,
    ads.campaign_id,
    ads.ad_group_id,
    ads.ad_id,
    ads.date_day,
    ads.currency,
    ads.spend,
    {{ fx_rate('ads.currency') }} as fx_rate,
    {{ to_reporting('ads.spend', fx_rate('ads.currency')) }} as spend_reporting,
    ads.impressions,
    ads.clicks,
    ads.link_clicks,
    ads.reach,
    ads.claimed_conversions,
    ads.claimed_conversions_7d_click,
    ads.claimed_conversions_1d_view,
    ads.claimed_value,
    {{ to_reporting('ads.claimed_value', fx_rate('ads.currency')) }} as claimed_value_reporting,
    ads.account_day_key,
    ads.lake_account,
    ads.first_lake_day,
    ads.last_lake_day
from ads
left join {{ ref('int_fx_rates__daily') }} as fx
    on ads.currency = fx.currency and ads.date_day = fx.date_day
