{# TikTok's reports are the same columns at every level. #}

{% macro tiktok_delivery() -%}
        currency,
        stat_time_day as date_day,
        cast(coalesce(spend, 0) as decimal(18, 4)) as spend,
        coalesce(impressions, 0) as impressions,
        coalesce(clicks, 0) as clicks,
        -- What TikTok counts as a click leads to the ad's destination.
        coalesce(clicks, 0) as link_clicks,
        advertiser_id as lake_account,
        dt as lake_day
{%- endmacro %}

{# TikTok tells all purchases and those after a view alone; the rest followed a click. What it does not
   tell stays unknown. #}
{% macro tiktok_claims() -%}
        reach,
        cast(complete_payment as decimal(18, 4)) as claimed_conversions,
        cast(complete_payment - vta_complete_payment as decimal(18, 4)) as claimed_conversions_7d_click,
        cast(vta_complete_payment as decimal(18, 4)) as claimed_conversions_1d_view,
        cast(complete_payment_value as decimal(18, 4)) as claimed_value
{%- endmacro %}

{# active, paused or deleted. #}
{% macro tiktok_status(operation_status, secondary_status) -%}
    case
        when {{ secondary_status }} like '%STATUS_DELETE' then 'deleted'
        when {{ operation_status }} = 'ENABLE' then 'active'
        when {{ operation_status }} = 'DISABLE' then 'paused'
    end
{%- endmacro %}
