{# What the caller decides. Environment variables are read here and nowhere else in the models. #}

{% macro reporting_currency() -%}
    {{ var('reporting_currency', env_var('SMM_REPORTING_CURRENCY', 'IDR')) }}
{%- endmacro %}

{% macro reporting_timezone() -%}
    {{ var('reporting_timezone', env_var('SMM_REPORTING_TIMEZONE', 'Asia/Jakarta')) }}
{%- endmacro %}

{# The least number of persons that a published segment may have. #}
{% macro min_segment_size() -%}
    {{ var('min_segment_size', env_var('SMM_MIN_SEGMENT_SIZE', '20')) | int }}
{%- endmacro %}
