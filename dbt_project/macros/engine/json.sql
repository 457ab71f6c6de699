{# JSON kept as text. Paths are JSONPath without the leading `$`: `.values[0].value`. #}

{# The value at `path`, as text; NULL where there is none. #}
{% macro json_text(column, path) -%}
    {{ return(adapter.dispatch('json_text')(column, path)) }}
{%- endmacro %}

{% macro default__json_text(column, path) -%}
    json_extract_string({{ column }}, '${{ path }}')
{%- endmacro %}

{% macro spark__json_text(column, path) -%}
    get_json_object({{ column }}, '${{ path | replace('"', '') }}')
{%- endmacro %}

{# The first object of a JSON list whose `key` is `value`, as JSON text. #}
{% macro json_entry(column, key, value) -%}
    {{ return(adapter.dispatch('json_entry')(column, key, value)) }}
{%- endmacro %}

{% macro default__json_entry(column, key, value) -%}
    cast(
        list_filter(
            from_json({{ column }}, '["JSON"]'),
            lambda item: json_extract_string(item, '$.{{ key }}') = '{{ value }}'
        )[1] as string
    )
{%- endmacro %}

{% macro spark__json_entry(column, key, value) -%}
    get(
        filter(
            from_json({{ column }}, 'array<string>'),
            item -> get_json_object(item, '$.{{ key }}') = '{{ value }}'
        ), 0
    )
{%- endmacro %}

{# Field `key` of every object of a JSON list, one after another with a blank between; NULL of none. #}
{% macro json_texts(column, key) -%}
    {{ return(adapter.dispatch('json_texts')(column, key)) }}
{%- endmacro %}

{% macro default__json_texts(column, key) -%}
    nullif(
        array_to_string(
            list_transform(
                from_json({{ column }}, '["JSON"]'),
                lambda item: json_extract_string(item, '$.{{ key }}')
            ), ' '
        ), ''
    )
{%- endmacro %}

{% macro spark__json_texts(column, key) -%}
    nullif(
        array_join(
            transform(
                from_json({{ column }}, 'array<string>'),
                item -> get_json_object(item, '$.{{ key }}')
            ), ' '
        ), ''
    )
{%- endmacro %}

{# The fields of a JSON object, as a list of structs of `key` and `value`, both text. #}
{% macro json_pairs(column) -%}
    {{ return(adapter.dispatch('json_pairs')(column)) }}
{%- endmacro %}

{% macro default__json_pairs(column) -%}
    map_entries(cast(cast({{ column }} as json) as map(string, string)))
{%- endmacro %}

{% macro spark__json_pairs(column) -%}
    map_entries(from_json({{ column }}, 'map<string, string>'))
{%- endmacro %}
