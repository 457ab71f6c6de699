{# Whether a touch can have led to its order: not after it, and not longer ago than the lookback. #}
{% macro within_lookback() -%}
    touch_at <= ordered_at and touch_at >= ordered_at - interval {{ var('lookback_days') }} day
{%- endmacro %}

{# Whether it was known by then whose the browser is, or not much later: what is learnt of a browser next year moves
   no credit of this one. #}
{% macro is_settled_link(at) -%}
    visitors.linked_since <= {{ at }} + interval {{ var('settled_after_days') }} day
{%- endmacro %}

{# The models: the weight of a touch among those of its order, in whole numbers. A model is one line here.
   Position based gives 40 % to the first, 40 % to the last and shares 20 % among the rest. W-shaped gives
   30 % to each milestone (the first, the last, and the visit in which the person became known) and shares
   10 % among the rest; one touch may be two milestones, and what has no touch is left out of the whole.
   Under time decay a touch counts half as much as one that came `half_life_days` later. Markov and Shapley
   give each channel its share of all channels' effects, as the order's month learns them, and its touches the
   same; where no channel of an order has one, touches count alike. #}
{% macro attribution_weights() -%}
    {{ return({
        'first_touch': 'case when touch_number = 1 then 1 else 0 end',
        'last_touch': 'case when touch_number = touches then 1 else 0 end',
        'last_non_direct': 'case when touch_number = coalesce(last_non_direct_number, touches) then 1 else 0 end',
        'linear': '1',
        'position_based': 'case when touches > 2 and touch_number in (1, touches) then 2 * (touches - 2) else 1 end',
        'w_shaped': w_shaped(),
        'time_decay': decayed(microseconds_between('touch_at', 'last_touch_at'), var('half_life_days')),
        'markov': 'case when markov_total = 0 then 1 else markov_units end',
        'shapley': 'case when shapley_total = 0 then 1 else shapley_units end',
    }) }}
{%- endmacro %}

{# 30 % of each milestone over 10 % shared: 3 × the number that shares it, to 1. #}
{% macro w_shaped() -%}
    case
        when touch_number not in (1, coalesce(lead_number, 1), touches) then 1
        else
            greatest(3 * (touches - milestones), 1)
            * (
                case when touch_number = 1 then 1 else 0 end
                + case when touch_number = touches then 1 else 0 end
                + case when touch_number = lead_number then 1 else 0 end
            )
    end
{%- endmacro %}

{# Joins each month with the paths of which it learns what channels are worth: those of its own and of the months
   before it that make up `learning_months`. So the credits of a month stand once its paths have ended, unless these are
   restated. #}
{% macro learnt_in(path_month) -%}
    inner join (select distinct path_month as month from {{ ref('int_paths__touches') }}) as months
        on
            {{ path_month }} <= months.month
            and {{ path_month }} > months.month - interval {{ var('learning_months') }} month
{%- endmacro %}

{# A channel's share of all effects in whole units, enough of them that they divide without a loss that shows;
   a share has twelve places. A channel without one has none. #}
{% macro channel_units(share) -%}
    coalesce(cast({{ share }} * 1000000000000 as bigint), 0) * 100000
{%- endmacro %}

{% macro attribution_models() -%}
    {{ return(attribution_weights().keys() | list) }}
{%- endmacro %}

{# A row a model, to repeat something for each. #}
{% macro attribution_model_rows() -%}
    {%- for model in attribution_models() %}
    select '{{ model }}' as attribution_model{{ ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# 2^(-age / half-life) in whole 10^-15, the last place that a double holds: what is fifty half-lives old
   weighs nothing. #}
{% macro decayed(microseconds, half_life_days) -%}
    cast(floor(power(2.0, -1.0 * {{ microseconds }} / ({{ half_life_days }} * 86400000000.0)) * 1000000000000000.0) as bigint)
{%- endmacro %}

{# One credit is a hundred million units: the eighth decimal is the last one. #}
{% macro credit_units() -%}
    100000000
{%- endmacro %}

{# The model under which a customer, who is one, is put down to one campaign: it credits each order to one touch. #}
{% macro one_touch_model() -%}
    last_non_direct
{%- endmacro %}
