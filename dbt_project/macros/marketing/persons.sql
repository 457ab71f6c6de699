{# Who a record is about, told from the record alone, so that a fact never depends on another day.
   The e-mail address decides where there is one (the same person in two shops is one person), else
   the customer of that account. NULL where neither is known. #}
{% macro person_key(source, account_id, customer_id, email) -%}
    case
        when {{ email }} is not null then {{ surrogate_key(["'email'", email]) }}
        when {{ customer_id }} is not null
            then {{ surrogate_key(["'customer'", source, account_id, customer_id]) }}
    end
{%- endmacro %}

{# The browser or app instance behind a session. #}
{% macro visitor_key(source, account_id, user_pseudo_id) -%}
    {{ surrogate_key(["'visitor'", source, account_id, user_pseudo_id]) }}
{%- endmacro %}

{% macro geo_key(country, province, city) -%}
    {{ surrogate_key([country, province, city]) }}
{%- endmacro %}

{# Age bands as Meta names them, so that customers and spend compare. #}
{% macro age_band(birth_date, on_day) -%}
    case
        when {{ birth_date }} is null or {{ on_day }} is null then null
        when {{ age_years(birth_date, on_day) }} < 13 then null
        when {{ age_years(birth_date, on_day) }} <= 17 then '13-17'
        when {{ age_years(birth_date, on_day) }} <= 24 then '18-24'
        when {{ age_years(birth_date, on_day) }} <= 34 then '25-34'
        when {{ age_years(birth_date, on_day) }} <= 44 then '35-44'
        when {{ age_years(birth_date, on_day) }} <= 54 then '45-54'
        when {{ age_years(birth_date, on_day) }} <= 64 then '55-64'
        else '65+'
    end
{%- endmacro %}

{# Completed years of life. #}
{% macro age_years(birth_date, on_day) -%}
    (
        year({{ on_day }}) - year({{ birth_date }})
        - case
            when
                month({{ on_day }}) * 100 + day({{ on_day }})
                < month({{ birth_date }}) * 100 + day({{ birth_date }})
                then 1
            else 0
        end
    )
{%- endmacro %}

{# male, female, other or NULL: what people and systems write for them in English and Indonesian. #}
{% macro gender(column) -%}
    case
        when lower(trim({{ column }})) in ('m', 'male', 'man', 'l', 'laki-laki', 'pria') then 'male'
        when lower(trim({{ column }})) in ('f', 'female', 'woman', 'p', 'perempuan', 'wanita') then 'female'
        when lower(trim({{ column }})) in ('', '-', 'unknown', 'u', 'n/a') then null
        when {{ column }} is not null then 'other'
    end
{%- endmacro %}
