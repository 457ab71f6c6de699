{# The address of a post on X; it works without the name of its author. #}
{% macro x_permalink(post_id) -%}
    concat('https://x.com/i/web/status/', {{ post_id }})
{%- endmacro %}

{# X's figures are the same columns at every level. What it does not tell of a day did not happen: null is
   no activity. Reach is not told by day. #}
{% macro x_ads_metrics() -%}
    currency,
    date as date_day,
    cast(coalesce(billed_charge, 0) as decimal(18, 4)) as spend,
    coalesce(impressions, 0) as impressions,
    coalesce(clicks, 0) as clicks,
    coalesce(url_clicks, 0) as link_clicks,
    cast(null as bigint) as reach,
    cast(coalesce(purchases_click, 0) + coalesce(purchases_view, 0) as decimal(18, 4)) as claimed_conversions,
    cast(coalesce(purchases_click, 0) as decimal(18, 4)) as claimed_conversions_7d_click,
    cast(coalesce(purchases_view, 0) as decimal(18, 4)) as claimed_conversions_1d_view,
    cast(coalesce(purchases_value, 0) as decimal(18, 4)) as claimed_value,
    account_id as lake_account,
    dt as lake_day
{%- endmacro %}

{# active, paused, draft or deleted. #}
{% macro x_ads_status(entity_status, deleted) -%}
    case when {{ deleted }} then 'deleted' else lower({{ entity_status }}) end
{%- endmacro %}
