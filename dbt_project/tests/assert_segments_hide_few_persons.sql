-- No published segment, nor flow between two, shows fewer persons than the least allowed.
with
published as (
    select
        month,
        segment_family,
        segment,
        persons
    from {{ ref('mart_audience_segments') }}
    union all
    select
        month,
        segment_family,
        concat(from_segment, ' > ', to_segment) as segment,
        persons
    from {{ ref('mart_segment_migration') }}
)

select
    month,
    segment_family,
    segment,
    persons
from published
where persons > 0 and persons < {{ min_segment_size() }}
