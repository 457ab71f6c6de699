{# A video that is not shown has no texts: those of the last day on which it was shown are kept. #}
with
versions as (
    select
        *,
        row_number() over (
            partition by channel_id, id
            order by is_available desc nulls last, dt desc nulls last
        ) as version_rank,
        max(dt) over (partition by channel_id) as channel_last_read
    from {{ source('youtube', 'videos') }}
)

select
    channel_id,
    id as video_id,
    is_available and dt = channel_last_read as is_available,
    published_at,
    title,
    description,
    tags as tags_json,
    category_id,
    language,
    live,
    duration,
    privacy_status,
    concat('https://www.youtube.com/watch?v=', id) as permalink_url,
    channel_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
