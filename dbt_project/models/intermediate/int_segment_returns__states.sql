{# In which state what a month's return by segments comes of is: the members of the segments, their sizes and names,
   what was spent on them, and all that returns by campaign come of. #}
{{ config(materialized='table') }}

with
states as (
    select
        month,
        state
    from {{ ref('int_members__states') }}
    union all
    select
        month,
        {{ rows_state(['segment_family', 'segment', 'shown_as']) }} as state
    from {{ ref('int_segments__sized') }}
    group by month
    union all
    select
        month,
        {{ rows_state(['segment_family', 'segment', 'source', 'account_id', 'campaign_id', 'spend']) }} as state
    from {{ ref('int_segments__spend') }}
    group by month
)

select
    states.month,
    concat_ws('|', {{ distinct_text('states.state') }}, max(returns.state)) as state
from states
left join {{ ref('int_returns__states') }} as returns
    on states.month = returns.month
group by states.month
