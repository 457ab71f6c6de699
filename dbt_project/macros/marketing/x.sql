{# The address of a post on X; it works without the name of its author. #}
{% macro x_permalink(post_id) -%}
    concat('https://x.com/i/web/status/', {{ post_id }})
{%- endmacro %}
