{# Lists of structs: what engines spell differently about nested data. #}

{# One row per element of `list`; the element is `item`. Follows a `from`. No element, no row. #}
{% macro explode(list, item) -%}
    {{ return(adapter.dispatch('explode')(list, item)) }}
{%- endmacro %}

{% macro default__explode(list, item) -%}
    cross join unnest({{ list }}) as exploded ({{ item }})
{%- endmacro %}

{% macro spark__explode(list, item) -%}
    lateral view explode({{ list }}) exploded as {{ item }}
{%- endmacro %}

{# The number of elements; NULL of a NULL list. #}
{% macro list_size(list) -%}
    {{ return(adapter.dispatch('list_size')(list)) }}
{%- endmacro %}

{% macro default__list_size(list) -%}
    len({{ list }})
{%- endmacro %}

{% macro spark__list_size(list) -%}
    if({{ list }} is null, null, size({{ list }}))
{%- endmacro %}

{# Field `field` of the first element whose `key` is `value`, or NULL. #}
{% macro list_lookup(list, key, value, field) -%}
    {{ return(adapter.dispatch('list_lookup')(list, key, value, field)) }}
{%- endmacro %}

{% macro default__list_lookup(list, key, value, field) -%}
    list_filter({{ list }}, lambda item: item.{{ key }} = '{{ value }}')[1].{{ field }}
{%- endmacro %}

{% macro spark__list_lookup(list, key, value, field) -%}
    get(filter({{ list }}, item -> item.{{ key }} = '{{ value }}'), 0).{{ field }}
{%- endmacro %}

{# What occurs in the rows of a group, each once, in order. #}
{% macro distinct_list(column) -%}
    {{ return(adapter.dispatch('distinct_list')(column)) }}
{%- endmacro %}

{% macro default__distinct_list(column) -%}
    list_sort(list(distinct {{ column }}))
{%- endmacro %}

{% macro spark__distinct_list(column) -%}
    array_sort(collect_set({{ column }}))
{%- endmacro %}

{# The same as one text, parted by commas. #}
{% macro distinct_text(column) -%}
    {{ return(adapter.dispatch('distinct_text')(column)) }}
{%- endmacro %}

{% macro default__distinct_text(column) -%}
    array_to_string({{ distinct_list(column) }}, ',')
{%- endmacro %}

{% macro spark__distinct_text(column) -%}
    array_join({{ distinct_list(column) }}, ',')
{%- endmacro %}
