{# Every customer is told the same places. #}
with
versions as (
    select
        *,
        row_number() over (
            partition by geo_target_id
            order by dt desc nulls last, customer_id asc nulls last
        ) as version_rank
    from {{ source('google_ads', 'geo_targets') }}
)

select
    geo_target_id,
    name as place_name,
    canonical_name,
    country_code,
    target_type,
    dt as lake_day
from versions
where version_rank = 1
