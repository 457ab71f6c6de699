{# Declared lists are complete: who is not in the newest one is no longer listed. #}
with
versions as (
    select
        *,
        max(dt) over (partition by dataset) as newest_day
    from {{ source('files', 'people') }}
)

select
    dataset,
    lower(list) as stakeholder,
    lower(platform) as platform,
    platform_user_id,
    email_sha256_meta as email_sha256,
    try_cast(followers as bigint) as followers,
    note,
    dt as lake_day
from versions
where dt = newest_day
