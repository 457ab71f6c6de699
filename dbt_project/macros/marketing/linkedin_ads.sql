{# LinkedIn's figures are the same columns at every level. Its windows are those that each conversion has. #}
{% macro linkedin_ads_metrics(relation) -%}
    {{ relation }}.currency,
    {{ relation }}.date as date_day,
    cast({{ relation }}.cost as decimal(18, 4)) as spend,
    {{ relation }}.impressions,
    {{ relation }}.clicks,
    {{ relation }}.landing_page_clicks as link_clicks,
    cast({{ relation }}.conversions as decimal(18, 4)) as claimed_conversions,
    cast(null as decimal(18, 4)) as claimed_conversions_7d_click,
    cast(null as decimal(18, 4)) as claimed_conversions_1d_view,
    cast({{ relation }}.conversion_value as decimal(18, 4)) as claimed_value,
    {{ relation }}.post_click_conversions,
    {{ relation }}.post_view_conversions,
    {{ relation }}.account_id as lake_account,
    {{ relation }}.dt as lake_day
{%- endmacro %}
