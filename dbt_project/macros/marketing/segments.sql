{# The families into which mart_audience_segments parts the audience. #}

{# By a trait: who ordered in the month. #}
{% macro trait_families() -%}
    {{ return({
        'geographic_country': 'country',
        'geographic_province': 'province',
        'geographic_city': 'city',
        'demographic_age': 'age_band',
        'demographic_gender': 'gender',
    }) }}
{%- endmacro %}

{# By what somebody is to the company at the month's end: all customers. #}
{% macro standing_families() -%}
    {{ return({
        'rfm': 'rfm_segment',
        'lifecycle': 'lifecycle_stage',
        'stakeholder': 'stakeholder',
        'engagement': 'engagement',
        'value': 'value_decile',
    }) }}
{%- endmacro %}

{% macro segment_families() -%}
    {{ return((trait_families().keys() | list) + (standing_families().keys() | list)) }}
{%- endmacro %}

{# Whether a row is published in the pool of its group instead of by itself: it is small, or one of the next
   larger ones that the pool needs to hold enough persons, since a single hidden row could be told from the
   group's total. `rows` of a group are told apart by `tie`. #}
{% macro is_pooled(is_small, partition_by, tie) -%}
    {%- set smaller -%}
        partition by {{ partition_by }} order by persons asc nulls last, {{ tie }} asc nulls last
        rows between unbounded preceding and 1 preceding
    {%- endset -%}
    {{ is_small }}
    or (
        persons > 0
        and coalesce(sum(case when {{ is_small }} then 1 else 0 end) over ({{ smaller }}), 0) > 0
        and coalesce(sum(persons) over ({{ smaller }}), 0) < {{ min_segment_size() }}
    )
{%- endmacro %}

{# How many persons a published row holds; NULL of a pool that is too small to tell. #}
{% macro persons_told(segment) -%}
    case
        when {{ segment }} <> '__small__' or sum(persons) >= {{ min_segment_size() }} then cast(sum(persons) as bigint)
    end
{%- endmacro %}

{# Families by which campaigns are told. Of cities, orders by campaign are too few. #}
{% macro families_by_campaign() -%}
    {{ return(segment_families() | reject('equalto', 'geographic_city') | list) }}
{%- endmacro %}

{# Families between whose segments persons move from month to month. #}
{% macro families_of_moves() -%}
    {{ return(['rfm', 'lifecycle', 'engagement', 'value']) }}
{%- endmacro %}
