{# The families into which mart_audience_segments parts the customers. #}
{% macro segment_families() -%}
    {{ return([
        'geographic_country', 'geographic_province', 'demographic_age', 'demographic_gender', 'rfm', 'lifecycle',
    ]) }}
{%- endmacro %}
