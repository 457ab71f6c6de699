{# Instants are naive UTC everywhere; only these macros see another zone. #}

{# The wall-clock time in `timezone` of a UTC instant. #}
{% macro local_time(instant, timezone) -%}
    {{ return(adapter.dispatch('local_time')(instant, timezone)) }}
{%- endmacro %}

{% macro default__local_time(instant, timezone) -%}
    timezone('{{ timezone }}', timezone('UTC', {{ instant }}))
{%- endmacro %}

{% macro spark__local_time(instant, timezone) -%}
    convert_timezone('UTC', '{{ timezone }}', {{ instant }})
{%- endmacro %}

{# The day of a UTC instant in the reporting time zone. #}
{% macro reporting_date(instant) -%}
    cast({{ local_time(instant, reporting_timezone()) }} as date)
{%- endmacro %}

{# The instant of a number of microseconds since 1970. #}
{% macro instant_of_microseconds(microseconds) -%}
    {{ return(adapter.dispatch('instant_of_microseconds')(microseconds)) }}
{%- endmacro %}

{% macro default__instant_of_microseconds(microseconds) -%}
    make_timestamp({{ microseconds }})
{%- endmacro %}

{% macro spark__instant_of_microseconds(microseconds) -%}
    cast(timestamp_micros({{ microseconds }}) as timestamp_ntz)
{%- endmacro %}

{# Microseconds from `first` to `last`, both instants. #}
{% macro microseconds_between(first, last) -%}
    {{ return(adapter.dispatch('microseconds_between')(first, last)) }}
{%- endmacro %}

{% macro default__microseconds_between(first, last) -%}
    (epoch_us({{ last }}) - epoch_us({{ first }}))
{%- endmacro %}

{% macro spark__microseconds_between(first, last) -%}
    (unix_micros(cast({{ last }} as timestamp)) - unix_micros(cast({{ first }} as timestamp)))
{%- endmacro %}

{# Whole days from `first` to `last`, both dates. #}
{% macro days_between(first, last) -%}
    {{ return(adapter.dispatch('days_between')(first, last)) }}
{%- endmacro %}

{% macro default__days_between(first, last) -%}
    date_diff('day', {{ first }}, {{ last }})
{%- endmacro %}

{% macro spark__days_between(first, last) -%}
    datediff({{ last }}, {{ first }})
{%- endmacro %}

{# 1 for Monday to 7 for Sunday. #}
{% macro iso_weekday(day) -%}
    {{ return(adapter.dispatch('iso_weekday')(day)) }}
{%- endmacro %}

{% macro default__iso_weekday(day) -%}
    isodow({{ day }})
{%- endmacro %}

{% macro spark__iso_weekday(day) -%}
    weekday({{ day }}) + 1
{%- endmacro %}

{# ISO week as 2026-W05: weeks begin on Monday, and the year is the week's own. #}
{% macro iso_week(day) -%}
    {{ return(adapter.dispatch('iso_week')(day)) }}
{%- endmacro %}

{% macro default__iso_week(day) -%}
    strftime({{ day }}, '%G-W%V')
{%- endmacro %}

{% macro spark__iso_week(day) -%}
    concat(extract(yearofweek from {{ day }}), '-W', lpad(weekofyear({{ day }}), 2, '0'))
{%- endmacro %}

{# The day's month as 2026-02. #}
{% macro month_name(day) -%}
    substr(cast({{ day }} as string), 1, 7)
{%- endmacro %}

{# The first day of the day's month. #}
{% macro month_start(day) -%}
    cast(date_trunc('month', {{ day }}) as date)
{%- endmacro %}

{# The last day of the day's month. #}
{% macro month_end(day) -%}
    last_day({{ day }})
{%- endmacro %}
