{# Whether a touch can have led to its order: not after it, and not longer ago than the lookback. #}
{% macro within_lookback() -%}
    touch_at <= ordered_at and touch_at >= ordered_at - interval {{ var('lookback_days') }} day
{%- endmacro %}

{% macro attribution_models() -%}
    {{ return(['first_touch', 'last_touch', 'last_non_direct', 'linear']) }}
{%- endmacro %}

{# One credit is a hundred million units: the eighth decimal is the last one. #}
{% macro credit_units() -%}
    100000000
{%- endmacro %}
