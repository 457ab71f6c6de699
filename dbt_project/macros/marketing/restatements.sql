{# The ages, in days, at which figures are compared with what they became. #}
{% macro restatement_ages() -%}
    {{ return([1, 3, 7, 28]) }}
{%- endmacro %}
