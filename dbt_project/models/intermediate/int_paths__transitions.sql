{# How often paths go from one channel to the next, from their start and to their end, among those that each
   month learns of. #}
{{ config(materialized='table') }}

with
transitions as (
    select
        path_month,
        channel as from_state,
        coalesce(next_channel, case when converts then '(conversion)' else '(null)' end) as to_state,
        count(*) as count
    from {{ ref('int_paths__touches') }}
    group by path_month, channel, coalesce(next_channel, case when converts then '(conversion)' else '(null)' end)
    union all
    select
        path_month,
        '(start)' as from_state,
        channel as to_state,
        count(*) as count
    from {{ ref('int_paths__touches') }}
    where is_first
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
