{# The paths whose conversion channels are credited with: the touches of each order, and those visits of a
   person that led to no order within the lookback. Such visits are one path until the person stays away for
   longer than that. The newest of them may still convert; they count as they stand. A visit is its
   person's if that was known `settled_after_days` after it, else its browser's. A path is of the month in which
   it ended: with its order, or with the last of its visits. What begins a path and what follows are told here, where
   touches are in their order already. A table, since transitions and sets both read it. #}
{{ config(materialized='table') }}

with
persons_visits as (
    select
        case
            when {{ is_settled_link('sessions.started_at') }} then visitors.person_id
            else visitors.visitor_id
        end as person_id,
        sessions.session_key,
        sessions.started_at,
        sessions.channel
    from {{ ref('fct_session') }} as sessions
    inner join {{ ref('int_visitors__linked') }} as visitors
        on sessions.visitor_id = visitors.visitor_id
    left join {{ ref('fct_order') }} as orders
        on
            visitors.person_id = orders.person_id
            and {{ is_settled_link('orders.ordered_at') }}
            and sessions.started_at <= orders.ordered_at
            and sessions.started_at >= orders.ordered_at - interval {{ var('lookback_days') }} day
    where orders.order_key is null
),

neighbours as (
    select
        *,
        lag(started_at) over visits as previous_at,
        lead(started_at) over visits as next_at,
        lead(channel) over visits as next_channel
    from persons_visits
    window
        visits as (
            partition by person_id
            order by started_at asc nulls last, session_key asc nulls last
        )
),

bounded as (
    select
        person_id,
        session_key,
        started_at,
        channel,
        next_channel,
        coalesce(previous_at < started_at - interval {{ var('lookback_days') }} day, true) as is_first,
        coalesce(started_at < next_at - interval {{ var('lookback_days') }} day, true) as is_last
    from neighbours
),

{# A path ends with the first last visit from here on: in the order of the number, so that visits sorted once give
   both. #}
unconverted as (
    select
        *,
        sum(case when is_first then 1 else 0 end) over (
            partition by person_id
            order by started_at asc nulls last, session_key asc nulls last
            rows between unbounded preceding and current row
        ) as path_number,
        min(case when is_last then started_at end) over (
            partition by person_id
            order by started_at asc nulls last, session_key asc nulls last
            rows between current row and unbounded following
        ) as ended_at
    from bounded
)

select
    touches.order_key as path_key,
    {{ month_start('orders.order_date') }} as path_month,
    touches.channel,
    true as converts,
    row_number() over path = 1 as is_first,
    lead(touches.channel) over path as next_channel
from {{ ref('int_touches__unioned') }} as touches
inner join {{ ref('fct_order') }} as orders
    on touches.order_key = orders.order_key
where not orders.is_credit_note
window
    path as (
        partition by touches.order_key
        order by touches.touch_at asc nulls last, touches.touch_id asc nulls last
    )
union all
select
    {{ surrogate_key(['person_id', 'path_number']) }} as path_key,
    {{ month_start(reporting_date('ended_at')) }} as path_month,
    channel,
    false as converts,
    is_first,
    case when not is_last then next_channel end as next_channel
from unconverted
