{# Each model's weight of each touch. Touches are ordered by (touch_at, touch_id). Only touches that earn
   something under a model have a row. Each window has the order's month, so that a reader of some months has
   only these made. #}
with
orders as (
    select
        orders.order_key,
        {{ month_start('orders.order_date') }} as order_month,
        persons.known_since
    from {{ ref('fct_order') }} as orders
    left join {{ ref('int_persons__unioned') }} as persons
        on orders.person_id = persons.person_id
),

numbered as (
    select
        orders.order_month,
        touches.order_key,
        touches.touch_id,
        touches.touch_at,
        touches.channel,
        touches.touch_at <= orders.known_since as is_until_known,
        row_number() over (
            partition by orders.order_month, touches.order_key
            order by touches.touch_at asc nulls last, touches.touch_id asc nulls last
        ) as touch_number,
        {{ channel_units('effects.markov_share') }} as markov_units,
        {{ channel_units('effects.shapley_share') }} as shapley_units
    from {{ ref('int_touches__unioned') }} as touches
    inner join orders
        on touches.order_key = orders.order_key
    left join {{ ref('int_channels__effects') }} as effects
        on touches.channel = effects.channel and orders.order_month = effects.month
),

counted as (
    select
        order_month,
        order_key,
        touch_id,
        touch_at,
        touch_number,
        count(*) over (partition by order_month, order_key) as touches,
        max(touch_at) over (partition by order_month, order_key) as last_touch_at,
        max(case when channel <> 'direct' then touch_number end) over (partition by order_month, order_key)
            as last_non_direct_number,
        {# The visit in which the person became known to the company, if it is one of these. #}
        max(case when is_until_known then touch_number end) over (partition by order_month, order_key) as lead_number,
        {{ whole_quotient('markov_units', 'count(*) over (partition by order_month, order_key, channel)') }} as markov_units,
        {{ whole_quotient('shapley_units', 'count(*) over (partition by order_month, order_key, channel)') }} as shapley_units
    from numbered
),

summed as (
    select
        *,
        sum(markov_units) over (partition by order_month, order_key) as markov_total,
        sum(shapley_units) over (partition by order_month, order_key) as shapley_total,
        count(case when touch_number in (1, lead_number, touches) then 1 end) over (partition by order_month, order_key)
            as milestones
    from counted
),

models as (
    {{ attribution_model_rows() }}
),

{# One reader of the windows: a filter of months did not pass to them through nine. #}
weighted as (
    select
        summed.order_month,
        summed.order_key,
        summed.touch_id,
        summed.touch_number,
        summed.touches,
        models.attribution_model,
        case models.attribution_model
            {%- for model, weight in attribution_weights().items() %}
            when '{{ model }}' then {{ weight }}
            {%- endfor %}
        end as weight
    from summed
    cross join models
)

select
    order_month,
    order_key,
    touch_id,
    touch_number,
    touches,
    attribution_model,
    cast(weight as bigint) as weight,
    cast(sum(weight) over (partition by order_month, order_key, attribution_model) as decimal(38, 0)) as weight_total
from weighted
where weight > 0
