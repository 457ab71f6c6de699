{# How often paths go from one channel to the next, from their start and to their end. #}
with
steps as (
    select
        channel,
        row_number() over path as touch_number,
        coalesce(lead(channel) over path, case when converts then '(conversion)' else '(null)' end) as next_state
    from {{ ref('int_paths__touches') }}
    window
        path as (
            partition by path_key
            order by touch_at asc nulls last, touch_id asc nulls last
        )
)

select
    channel as from_state,
    next_state as to_state,
    count(*) as count
from steps
group by channel, next_state
union all
select
    '(start)' as from_state,
    channel as to_state,
    count(*) as count
from steps
where touch_number = 1
group by channel
