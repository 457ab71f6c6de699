{# Whether a touch can have led to its order: not after it, and not longer ago than the lookback. #}
{% macro within_lookback() -%}
    touch_at <= ordered_at and touch_at >= ordered_at - interval {{ var('lookback_days') }} day
{%- endmacro %}

{# The models: the weight of a touch among those of its order, in whole numbers. A model is one line here.
   Position based gives 40 % to the first, 40 % to the last and shares 20 % among the rest; under time
   decay a touch counts half as much as one that came `half_life_days` later. #}
{% macro attribution_weights() -%}
    {{ return({
        'first_touch': 'case when touch_number = 1 then 1 else 0 end',
        'last_touch': 'case when touch_number = touches then 1 else 0 end',
        'last_non_direct': 'case when touch_number = coalesce(last_non_direct_number, touches) then 1 else 0 end',
        'linear': '1',
        'position_based': 'case when touches > 2 and touch_number in (1, touches) then 2 * (touches - 2) else 1 end',
        'time_decay': decayed(microseconds_between('touch_at', 'last_touch_at'), var('half_life_days')),
    }) }}
{%- endmacro %}

{% macro attribution_models() -%}
    {{ return(attribution_weights().keys() | list) }}
{%- endmacro %}

{# 2^(-age / half-life) in whole billionths: what is thirty half-lives old weighs nothing. #}
{% macro decayed(microseconds, half_life_days) -%}
    cast(floor(power(2.0, -1.0 * {{ microseconds }} / ({{ half_life_days }} * 86400000000.0)) * 1000000000.0) as bigint)
{%- endmacro %}

{# One credit is a hundred million units: the eighth decimal is the last one. #}
{% macro credit_units() -%}
    100000000
{%- endmacro %}
