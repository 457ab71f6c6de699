{# How many paths touch just these channels, and how many of them convert, among those that each month learns
   of. #}
with
paths as (
    select
        path_month,
        {{ distinct_list('channel') }} as channels,
        bool_or(converts) as converts
    from {{ ref('int_paths__touches') }}
    group by path_month, path_key
),

sets as (
    select
        path_month,
        channels,
        count(case when converts then 1 end) as conversions,
        count(*) as paths
    from paths
    group by path_month, channels
)

select
    months.month,
    sets.channels,
    cast(sum(sets.conversions) as bigint) as conversions,
    cast(sum(sets.paths) as bigint) as paths
from sets
{{ learnt_in('sets.path_month') }}
group by months.month, sets.channels
