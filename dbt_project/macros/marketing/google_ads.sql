{# Google's figures are the same columns at every level. A claim is a conversion of the primary actions, by
   the windows that each action has; what a view alone brought is not among them. #}
{% macro google_ads_metrics() -%}
    currency,
    date as date_day,
    cast(cost as decimal(18, 4)) as spend,
    impressions,
    clicks,
    cast(null as bigint) as link_clicks,
    cast(null as bigint) as reach,
    cast(conversions as decimal(18, 4)) as claimed_conversions,
    cast(null as decimal(18, 4)) as claimed_conversions_7d_click,
    cast(null as decimal(18, 4)) as claimed_conversions_1d_view,
    cast(conversions_value as decimal(18, 4)) as claimed_value,
    view_through_conversions,
    customer_id as lake_account,
    dt as lake_day
{%- endmacro %}
