{# A flow of fewer than `min_segment_size` persons is not shown by itself: see int_segments__sized. #}
{{ config(**replaced_by_month('int_segment_moves__states')) }}

with
affected_months as (
    select
        month,
        previous_month
    from {{ ref('int_segment_moves__states') }}
    where previous_month is not null and {{ in_affected_months(ref('int_segment_moves__states'), 'month') }}
),

members as (
    select
        month,
        segment_family,
        segment,
        person_id
    from {{ ref('int_segments__members') }}
    where
        segment_family in ('{{ families_of_moves() | join("', '") }}')
        and person_id is not null
        and segment <> 'unknown'
),

earlier as (
    select
        affected_months.month,
        members.segment_family,
        members.segment,
        members.person_id
    from members
    inner join affected_months
        on members.month = affected_months.previous_month
),

later as (
    select members.*
    from members
    inner join affected_months
        on members.month = affected_months.month
),

moves as (
    select
        month,
        segment_family,
        person_id,
        coalesce(earlier.segment, '__none__') as from_segment,
        coalesce(later.segment, '__none__') as to_segment
    from earlier
    full join later
        using (month, segment_family, person_id)
),

flows as (
    select
        moves.month,
        moves.segment_family,
        moves.from_segment,
        moves.to_segment,
        count(*) as persons
    from moves
    group by moves.month, moves.segment_family, moves.from_segment, moves.to_segment
),

named as (
    select
        *,
        concat_ws('|', from_segment, to_segment) as flow
    from flows
),

marked as (
    select
        *,
        {{ is_pooled('persons < ' ~ min_segment_size(), 'month, segment_family', 'flow') }} as is_pooled
    from named
),

shown as (
    select
        month,
        segment_family,
        case when is_pooled then '__small__' else from_segment end as from_segment,
        case when is_pooled then '__small__' else to_segment end as to_segment,
        persons
    from marked
)

select
    {{ surrogate_key(['month', 'segment_family', 'from_segment', 'to_segment']) }} as segment_migration_key,
    month,
    segment_family,
    from_segment,
    to_segment,
    {{ persons_told('from_segment') }} as persons
from shown
group by month, segment_family, from_segment, to_segment
