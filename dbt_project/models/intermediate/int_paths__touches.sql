{# The paths whose conversion channels are credited with: the touches of each order, and those visits of a
   person that led to no order within the lookback. Such visits are one path until the person stays away for
   longer than that. The newest of them may still convert; they count as they stand. A visit is its
   person's if that was known `settled_after_days` after it, else its browser's. A path is of the month in
   which it ended: with its order, or with the last of its visits. A table, since transitions and sets both
   read it. #}
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
        sessions.channel,
        orders.order_key
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

previous_visits as (
    select
        person_id,
        session_key,
        started_at,
        channel,
        lag(started_at) over (
            partition by person_id
            order by started_at asc nulls last, session_key asc nulls last
        ) as previous_at
    from persons_visits
),

numbered as (
    select
        person_id,
        session_key,
        started_at,
        channel,
        sum(case when previous_at >= started_at - interval {{ var('lookback_days') }} day then 0 else 1 end) over (
            partition by person_id
            order by started_at asc nulls last, session_key asc nulls last
            rows between unbounded preceding and current row
        ) as path_number
    from previous_visits
),

unconverted as (
    select
        *,
        max(started_at) over (partition by person_id, path_number) as ended_at
    from numbered
)

select
    touches.order_key as path_key,
    {{ month_start('orders.order_date') }} as path_month,
    touches.touch_id,
    touches.touch_at,
    touches.channel,
    true as converts
from {{ ref('int_touches__unioned') }} as touches
inner join {{ ref('fct_order') }} as orders
    on touches.order_key = orders.order_key
where not orders.is_credit_note
union all
select
    {{ surrogate_key(['person_id', 'path_number']) }} as path_key,
    {{ month_start(reporting_date('ended_at')) }} as path_month,
    session_key as touch_id,
    started_at as touch_at,
    channel,
    false as converts
from unconverted
