-- No published segment shows fewer persons than the least allowed.
select
    month,
    segment_family,
    segment,
    persons
from {{ ref('mart_audience_segments') }}
where persons > 0 and persons < {{ min_segment_size() }}
