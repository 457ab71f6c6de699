{# Each model's weight of each touch. Touches are ordered by (touch_at, touch_id). Only touches that earn
   something under a model have a row. #}
with
numbered as (
    select
        order_key,
        touch_id,
        touch_at,
        channel,
        row_number() over (
            partition by order_key
            order by touch_at asc nulls last, touch_id asc nulls last
        ) as touch_number
    from {{ ref('int_touches__unioned') }}
),

counted as (
    select
        order_key,
        touch_id,
        touch_at,
        touch_number,
        count(*) over (partition by order_key) as touches,
        max(touch_at) over (partition by order_key) as last_touch_at,
        max(case when channel <> 'direct' then touch_number end) over (partition by order_key)
            as last_non_direct_number
    from numbered
),

weighted as (
    {%- for model, weight in attribution_weights().items() %}
    select
        order_key,
        touch_id,
        touch_number,
        touches,
        '{{ model }}' as attribution_model,
        {{ weight }} as weight
    from counted
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
)

select
    order_key,
    touch_id,
    touch_number,
    touches,
    attribution_model,
    weight,
    cast(sum(weight) over (partition by order_key, attribution_model) as bigint) as weight_total
from weighted
where weight > 0
