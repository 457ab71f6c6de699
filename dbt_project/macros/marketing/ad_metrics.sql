{# The additive metrics of advertising, which totals and their parts share. #}
{% macro ad_metrics() -%}
    {{ return([
        'spend', 'impressions', 'clicks', 'link_clicks', 'claimed_conversions', 'claimed_conversions_7d_click',
        'claimed_conversions_1d_view', 'claimed_value',
    ]) }}
{%- endmacro %}

{% macro sum_ad_metrics() -%}
    {%- for metric in ad_metrics() %}
        sum({{ metric }}) as {{ metric }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro any_ad_metric() -%}
    {%- for metric in ad_metrics() %}{{ metric }} <> 0{{ ' or ' if not loop.last }}{% endfor -%}
{%- endmacro %}

{# What totals hold beyond what their parts, joined as `explained`, add up to. #}
{% macro less_explained(totals) -%}
    {%- for metric in ad_metrics() %}
        {{ totals }}.{{ metric }} - coalesce(explained.{{ metric }}, 0) as {{ metric }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
