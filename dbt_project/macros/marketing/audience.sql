{# What platforms tell of an account's audience on a day; no metric adds up over days but gains and losses. #}
{% macro audience_metrics() -%}
    {{ return([
        'followers', 'followers_gained', 'followers_lost', 'impressions', 'reach', 'profile_views', 'video_views',
    ]) }}
{%- endmacro %}
