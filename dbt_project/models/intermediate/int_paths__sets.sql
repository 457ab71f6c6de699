{# How many paths touch just these channels, and how many of them convert, among those that each month learns
   of. #}
with
{# Paths of one touch are most, and are counted without a list of each: a quarter of the cost. #}
sets as (
    select
        path_month,
        {{ distinct_list('channel') }} as channels,
        count(case when converts then 1 end) as conversions,
        count(*) as paths
    from {{ ref('int_paths__touches') }}
    where is_first and next_channel is null
    group by path_month, channel
    union all
    select
        path_month,
        channels,
        count(case when converts then 1 end) as conversions,
        count(*) as paths
    from (
        select
            path_month,
            {{ distinct_list('channel') }} as channels,
            bool_or(converts) as converts
        from {{ ref('int_paths__touches') }}
        where not is_first or next_channel is not null
        group by path_month, path_key
    ) as longer_paths
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
