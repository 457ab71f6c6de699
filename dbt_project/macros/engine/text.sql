{# Text as engines spell it differently. #}

{# The words of a piece of HTML: without tags, with the commonest entities as characters. #}
{% macro text_of_html(html) -%}
    trim(
        replace(replace(replace(replace(replace(
            replace({{ remove_all(html, '<[^>]*>') }}, chr(10), ' '),
            '&nbsp;', ' '), '&#8217;', '’'), '&lt;', '<'), '&gt;', '>'), '&amp;', '&')
    )
{%- endmacro %}

{# A regular expression as a text of SQL. What RE2 and Java share, backslashes as they are, no quotes. #}
{% macro pattern(expression) -%}
    {{ return(adapter.dispatch('pattern')(expression)) }}
{%- endmacro %}

{% macro default__pattern(expression) -%}
    '{{ expression }}'
{%- endmacro %}

{% macro spark__pattern(expression) -%}
    '{{ expression | replace('\\', '\\\\') }}'
{%- endmacro %}

{# The text with `by` in place of every part that fits the pattern; `$1` is its first group. #}
{% macro replace_all(text, expression, by) -%}
    {{ return(adapter.dispatch('replace_all')(text, expression, by)) }}
{%- endmacro %}

{% macro default__replace_all(text, expression, by) -%}
    regexp_replace({{ text }}, {{ pattern(expression) }}, '{{ by | replace('$', '\\') }}', 'g')
{%- endmacro %}

{% macro spark__replace_all(text, expression, by) -%}
    regexp_replace({{ text }}, {{ pattern(expression) }}, '{{ by }}')
{%- endmacro %}

{# The text without any part that fits the pattern. #}
{% macro remove_all(text, expression) -%}
    {{ replace_all(text, expression, '') }}
{%- endmacro %}

{# What `group` of the pattern is in every part of the text that fits, each once and in order, parted by
   `separator`; NULL where nothing fits. #}
{% macro all_matches(text, expression, group, separator) -%}
    {{ return(adapter.dispatch('all_matches')(text, expression, group, separator)) }}
{%- endmacro %}

{% macro default__all_matches(text, expression, group, separator) -%}
    nullif(
        array_to_string(
            list_sort(list_distinct(regexp_extract_all({{ text }}, {{ pattern(expression) }}, {{ group }}))),
            '{{ separator }}'
        ), ''
    )
{%- endmacro %}

{% macro spark__all_matches(text, expression, group, separator) -%}
    nullif(
        array_join(
            array_sort(array_distinct(regexp_extract_all({{ text }}, {{ pattern(expression) }}, {{ group }}))),
            '{{ separator }}'
        ), ''
    )
{%- endmacro %}

{# The first part of the text that fits the pattern, or NULL. #}
{% macro first_match(text, expression) -%}
    nullif(regexp_extract({{ text }}, {{ pattern(expression) }}, 0), '')
{%- endmacro %}

{# Whether any part of the text fits the pattern, which must not fit nothing; false for NULL. #}
{% macro fits(text, expression) -%}
    coalesce(regexp_extract({{ text }}, {{ pattern(expression) }}, 0), '') <> ''
{%- endmacro %}
