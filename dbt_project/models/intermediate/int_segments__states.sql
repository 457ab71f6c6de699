{# In which state the members of each family of segments are in each month: another one when the rows that are made
   of them are to be made again. #}
{{ config(materialized='table') }}

with
newest as (
    select max(month) as newest_month
    from {{ ref('int_members__monthly') }}
    where person_id is not null
),

states as (
    select
        month,
        segment_family as part,
        {{ rows_state(['segment', 'member_id', 'person_id', 'orders', 'net_revenue']) }} as state
    from {{ ref('int_segments__members') }}
    group by month, segment_family
)

select
    states.month,
    states.part,
    concat_ws('|', states.state, cast(states.month = newest.newest_month as string)) as state
from states
cross join newest
