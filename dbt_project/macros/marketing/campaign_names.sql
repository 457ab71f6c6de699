{# What the names of campaigns and their tags say, by the rules of the variable `campaign_naming_rules`. #}

{# What a name may tell. Each is a column of dim_campaign. #}
{% macro naming_elements() -%}
    {{ return(['market', 'objective', 'audience', 'format', 'theme']) }}
{%- endmacro %}

{# The rules for names (`campaign_name`) or for tags (`utm_campaign`). #}
{% macro naming_rules(field) -%}
    {%- set rules = [] -%}
    {%- for rule in var('campaign_naming_rules') if rule['field'] == field -%}
        {%- for element in rule.get('elements', []) if element and element not in naming_elements() -%}
            {{ exceptions.raise_compiler_error(
                'campaign_naming_rules: ' ~ element ~ ' is none of ' ~ naming_elements() | join(', ')
            ) }}
        {%- endfor -%}
        {%- do rules.append(rule) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}

{# Whether a rule holds for a platform on a day. #}
{% macro _rule_holds(rule, platform, day) -%}
    (
        {{ day }} between date '{{ rule.get('from', '0001-01-01') }}' and date '{{ rule.get('to', '9999-12-31') }}'
        {%- if rule.get('platform') %} and {{ platform }} = '{{ rule['platform'] }}'{% endif -%}
    )
{%- endmacro %}

{# What the name says of an element, in small letters, by the first rule that holds and fits; NULL if that
   says nothing of it, or none fits. #}
{% macro name_element(element, field, name, platform, day) -%}
    case
        when {{ name }} is null then cast(null as string)
        {%- for rule in naming_rules(field) %}
        when {{ _rule_holds(rule, platform, day) }} and {{ fits(name, rule['pattern']) }}
            then
            {%- if element in rule.get('elements', []) %}
                nullif(trim(lower(regexp_extract(
                    {{ name }}, {{ pattern(rule['pattern']) }}, {{ rule['elements'].index(element) + 1 }}
                ))), '')
            {%- else %}
                cast(null as string)
            {%- endif %}
        {%- endfor %}
    end
{%- endmacro %}

{# Whether the name fits a rule that holds; NULL where there is no name, or no rule holds. #}
{% macro follows_convention(field, name, platform, day) -%}
    case
        when {{ name }} is null then cast(null as boolean)
        {%- for rule in naming_rules(field) %}
        when {{ _rule_holds(rule, platform, day) }} and {{ fits(name, rule['pattern']) }} then true
        {%- endfor %}
        {%- for rule in naming_rules(field) %}
        when {{ _rule_holds(rule, platform, day) }} then false
        {%- endfor %}
    end
{%- endmacro %}
