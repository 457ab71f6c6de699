{# In which state what a month's return by the segments of each family comes of is: the members of the segments,
   their sizes and names, what was spent on them, and all that returns by campaign come of. #}
{{ config(materialized='table') }}

with
states as (
    select
        month,
        part,
        state
    from {{ ref('int_segments__states') }}
    union all
    select
        month,
        segment_family as part,
        {{ rows_state(['segment', 'shown_as']) }} as state
    from {{ ref('int_segments__sized') }}
    group by month, segment_family
    union all
    select
        month,
        segment_family as part,
        {{ rows_state(['segment', 'source', 'account_id', 'campaign_id', 'spend']) }} as state
    from {{ ref('int_segments__spend') }}
    group by month, segment_family
)

select
    states.month,
    states.part,
    concat_ws('|', {{ distinct_text('states.state') }}, max(returns.state)) as state
from states
left join {{ ref('int_returns__states') }} as returns
    on states.month = returns.month
where states.part in ('{{ families_by_campaign() | join("', '") }}')
group by states.month, states.part
