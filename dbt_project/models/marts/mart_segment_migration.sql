{# A flow of fewer than `min_segment_size` persons is not shown by itself: see int_segments__sized. #}
with
months as (
    select
        month,
        lead(month) over (order by month asc nulls last) as next_month
    from (select distinct month from {{ ref('int_customers__monthly') }}) as months_with_customers
),

members as (
    select
        members.month,
        months.next_month,
        members.segment_family,
        members.segment,
        members.person_id
    from {{ ref('int_segments__members') }} as members
    inner join months
        on members.month = months.month
    where
        members.segment_family in ('rfm', 'lifecycle', 'engagement')
        and members.person_id is not null
        and members.segment <> 'unknown'
),

moves as (
    select
        month,
        segment_family,
        person_id,
        coalesce(earlier.segment, '__none__') as from_segment,
        coalesce(later.segment, '__none__') as to_segment
    from (
        select
            next_month as month,
            segment_family,
            person_id,
            segment
        from members
        where next_month is not null
    ) as earlier
    full join members as later
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
    inner join months
        on moves.month = months.next_month
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
