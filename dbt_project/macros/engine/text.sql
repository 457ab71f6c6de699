{# Text as engines spell it differently. #}

{# The words of a piece of HTML: without tags, with the commonest entities as characters. #}
{% macro text_of_html(html) -%}
    trim(
        replace(replace(replace(replace(replace(
            replace({{ remove_all(html, '<[^>]*>') }}, chr(10), ' '),
            '&nbsp;', ' '), '&#8217;', '’'), '&lt;', '<'), '&gt;', '>'), '&amp;', '&')
    )
{%- endmacro %}

{# The text without any part that fits the pattern, in which no character is escaped. #}
{% macro remove_all(text, pattern) -%}
    {{ return(adapter.dispatch('remove_all')(text, pattern)) }}
{%- endmacro %}

{% macro default__remove_all(text, pattern) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '', 'g')
{%- endmacro %}

{% macro spark__remove_all(text, pattern) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '')
{%- endmacro %}
