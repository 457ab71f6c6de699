with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('tiktok', 'videos') }}
)

select
    account_id,
    id as post_id,
    create_time as created_at,
    coalesce(nullif(video_description, ''), title) as message,
    share_url as permalink_url,
    duration as duration_seconds,
    dt as lake_day
from versions
where version_rank = 1
