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

{# All that is decided outside the models, as texts. A fact that was built under other settings is built anew. Of the
   Python that some models call, `SMM_MEASUREMENT` is the version. #}
{% macro settings() -%}
    {%- set texts = [
        reporting_currency(), reporting_timezone(), min_segment_size() | string, env_var('SMM_MEASUREMENT', '')
    ] -%}
    {%- for name in variables() -%}
        {%- do texts.append(var(name) | string) -%}
    {%- endfor -%}
    {{ return(texts) }}
{%- endmacro %}

{# The names of all variables in dbt_project.yml, which dbt tells to no macro. #}
{% macro variables() -%}
    {{ return([
        'crisis_minimum_mentions', 'crisis_bridge_hours', 'language_countries', 'lookback_days', 'settled_after_days',
        'learning_months', 'half_life_days', 'shared_browser_persons', 'geo_test_before_days', 'geo_test_cooldown_days',
        'fx_carry_days', 'purchase_action_types', 'at_risk_after_days', 'lapsed_after_days', 'creator_followers',
        'clv_months', 'clv_monthly_discount', 'campaign_naming_rules',
    ]) }}
{%- endmacro %}
