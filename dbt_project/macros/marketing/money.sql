{# Conversion into the reporting currency. #}

{# The rate of a row that is left-joined to int_fx_rates__daily as `fx`. The reporting currency needs
   no feed; any other without a rate is NULL, which the tests report: never 1. #}
{% macro fx_rate(currency) -%}
    case when {{ currency }} = '{{ reporting_currency() }}' then cast(1 as decimal(20, 14)) else fx.rate end
{%- endmacro %}

{% macro to_reporting(amount, rate) -%}
    cast(cast({{ amount }} as decimal(18, 4)) * {{ rate }} as decimal(18, 4))
{%- endmacro %}
