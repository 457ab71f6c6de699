{{ config(**replaced_by_month('int_segments__states')) }}

with
newest as (
    select max(month) as newest_month
    from {{ ref('int_members__monthly') }}
    where person_id is not null
)

select
    {{ surrogate_key(['members.person_id', 'members.month', 'members.segment_family']) }} as segment_membership_key,
    members.person_id,
    members.month,
    members.segment_family,
    members.segment,
    members.month = newest.newest_month as is_newest_month
from {{ ref('int_segments__members') }} as members
cross join newest
where
    members.person_id is not null
    and members.segment <> 'public'
    and {{ in_affected_months(ref('int_segments__states'), 'members.month') }}
