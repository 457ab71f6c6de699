select
    {{ surrogate_key(['person_id', 'month', 'segment_family']) }} as segment_membership_key,
    person_id,
    month,
    segment_family,
    segment,
    month = max(month) over () as is_newest_month
from {{ ref('int_segments__members') }}
where person_id is not null and segment <> 'public'
