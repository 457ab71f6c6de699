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
        touch_number,
        count(*) over (partition by order_key) as touches,
        max(case when channel <> 'direct' then touch_number end) over (partition by order_key)
            as last_non_direct_number
    from numbered
)

select
    order_key,
    touch_id,
    touch_number,
    touches,
    'first_touch' as attribution_model,
    1 as weight,
    1 as weight_total
from counted
where touch_number = 1
union all
select
    order_key,
    touch_id,
    touch_number,
    touches,
    'last_touch' as attribution_model,
    1 as weight,
    1 as weight_total
from counted
where touch_number = touches
union all
select
    order_key,
    touch_id,
    touch_number,
    touches,
    'last_non_direct' as attribution_model,
    1 as weight,
    1 as weight_total
from counted
where touch_number = coalesce(last_non_direct_number, touches)
union all
select
    order_key,
    touch_id,
    touch_number,
    touches,
    'linear' as attribution_model,
    1 as weight,
    touches as weight_total
from counted
