{# Declared lists are complete: what is not in the newest one was called off. #}
with
versions as (
    select
        *,
        {{ country_code('country_code') }} as country,
        max(dt) over (partition by dataset) as newest_day
    from {{ source('files', 'experiments') }}
)

select
    dataset,
    experiment,
    country,
    {{ state_name('country', 'province') }} as province,
    lower(test_group) as test_group,
    first_day,
    last_day,
    utm_campaign,
    dt as lake_day
from versions
where dt = newest_day
