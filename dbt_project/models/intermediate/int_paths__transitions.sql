{# How often paths go from one channel to the next, from their start and to their end, among those that each
   month learns of. #}
{{ config(materialized='table') }}

with
steps as (
    select
        path_month,
        channel,
        row_number() over path as touch_number,
        coalesce(lead(channel) over path, case when converts then '(conversion)' else '(null)' end) as next_state
    from {{ ref('int_paths__touches') }}
    window
        path as (
            partition by path_month, path_key
            order by touch_at asc nulls last, touch_id asc nulls last
        )
),

transitions as (
    select
        path_month,
        channel as from_state,
        next_state as to_state,
        count(*) as count
    from steps
    group by path_month, channel, next_state
    union all
    select
        path_month,
        '(start)' as from_state,
        channel as to_state,
        count(*) as count
    from steps
    where touch_number = 1
    group by path_month, channel
)

select
    months.month,
    transitions.from_state,
    transitions.to_state,
    cast(sum(transitions.count) as bigint) as count
from transitions
{{ learnt_in('transitions.path_month') }}
group by months.month, transitions.from_state, transitions.to_state
