{# Meta's insights are the same columns at every level. #}

{# One purchase figure of a list of actions: the first declared type that the row has, never a sum.
   Meta leaves out what did not happen, so a row without it claims 0. #}
{% macro meta_claim(actions, window='value') -%}
    cast(
        coalesce(
            {%- for type in var('purchase_action_types') %}
            {{ json_text(json_entry(actions, 'action_type', type), '."' ~ window ~ '"') }},
            {%- endfor %}
            '0'
        ) as decimal(18, 4)
    )
{%- endmacro %}

{% macro meta_insight_metrics() -%}
        currency,
        date_start as date_day,
        cast(coalesce(spend, 0) as decimal(18, 4)) as spend,
        coalesce(impressions, 0) as impressions,
        coalesce(clicks, 0) as clicks,
        coalesce(inline_link_clicks, 0) as link_clicks,
        reach,
        {{ meta_claim('actions') }} as claimed_conversions,
        {{ meta_claim('actions', '7d_click') }} as claimed_conversions_7d_click,
        {{ meta_claim('actions', '1d_view') }} as claimed_conversions_1d_view,
        {{ meta_claim('action_values') }} as claimed_value,
        account_id as lake_account,
        dt as lake_day
{%- endmacro %}
