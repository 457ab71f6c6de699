{# How many paths touch just these channels, and how many of them convert. #}
with
paths as (
    select
        {{ distinct_list('channel') }} as channels,
        bool_or(converts) as converts
    from {{ ref('int_paths__touches') }}
    group by path_key
)

select
    channels,
    count(case when converts then 1 end) as conversions,
    count(*) as paths
from paths
group by channels
