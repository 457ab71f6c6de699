{# Exact figures: money and counts are decimals or whole numbers; a double only ever shows a ratio. #}

{# Money of the marts: four places. #}
{% macro to_money(expression) -%}
    cast({{ expression }} as decimal(18, 4))
{%- endmacro %}

{# A ratio for reading, never for adding up; NULL where there is nothing to divide by. #}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
{%- endmacro %}

{# The whole part of a ÷ b for whole, non-negative decimals, without passing through a double. #}
{% macro whole_quotient(a, b) -%}
    {{ return(adapter.dispatch('whole_quotient')(a, b)) }}
{%- endmacro %}

{% macro default__whole_quotient(a, b) -%}
    cast(cast({{ a }} as hugeint) // cast({{ b }} as hugeint) as decimal(38, 0))
{%- endmacro %}

{% macro spark__whole_quotient(a, b) -%}
    cast({{ a }} div {{ b }} as decimal(38, 0))
{%- endmacro %}

{# One key of several columns; NULL is a value of its own. #}
{% macro surrogate_key(columns) -%}
    md5(concat_ws('|'
    {%- for column in columns %}, coalesce(cast({{ column }} as string), '_null_'){% endfor -%}
    ))
{%- endmacro %}

{# In which state the rows of a group are: one text of the same rows in any order, another one when a column of
   any row differs. No two rows may be alike: they would cancel out. Thirty times as fast as a list of keys. #}
{% macro rows_state(columns) -%}
    {{ return(adapter.dispatch('rows_state')(columns)) }}
{%- endmacro %}

{# Hashed twice: its hash of several values is linear in those of each, and rows that swapped one would not show. #}
{% macro default__rows_state(columns) -%}
    cast(bit_xor(hash(hash({{ columns | join(', ') }}))) as string)
{%- endmacro %}

{# Its hash passes over what is NULL, and so over where that was. #}
{% macro spark__rows_state(columns) -%}
    cast(bit_xor(xxhash64(
    {%- for column in columns %}coalesce(cast({{ column }} as string), '_null_'){{ ', ' if not loop.last }}{% endfor -%}
    )) as string)
{%- endmacro %}

{# Whole units of the last place as a decimal: multiplied, since a division would pass through a double. #}
{% macro decimal_of_units(units, places) -%}
    cast(cast({{ units }} as decimal(18, 0)) * cast('0.{{ '0' * (places - 1) }}1' as decimal({{ places + 1 }}, {{ places }})) as decimal(18, {{ places }}))
{%- endmacro %}
