{# How often paths go from one channel to the next, from their start and to their end. #}
with
steps as (
    select
        channel,
        converts,
        row_number() over path as touch_number,
        lead(channel) over path as next_channel
    from {{ ref('int_paths__touches') }}
    window
        path as (
            partition by path_key
            order by touch_at asc nulls last, touch_id asc nulls last
        )
)

select
    channel as from_state,
    coalesce(next_channel, case when converts then '(conversion)' else '(null)' end) as to_state,
    count(*) as count
from steps
group by 1, 2
union all
select
    '(start)' as from_state,
    channel as to_state,
    count(*) as count
from steps
where touch_number = 1
group by channel
