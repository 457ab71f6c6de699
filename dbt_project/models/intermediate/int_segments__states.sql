{# In which state what is told of the members of each month's segments is: what the members come of, and whether the
   month is the newest. #}
{{ config(materialized='table') }}

with
newest as (
    select max(month) as newest_month
    from {{ ref('int_members__monthly') }}
    where person_id is not null
)

select
    members.month,
    concat_ws('|', members.state, cast(members.month = newest.newest_month as string)) as state
from {{ ref('int_members__states') }} as members
cross join newest
