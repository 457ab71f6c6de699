with
versions as (
    select
        *,
        row_number() over (partition by channel_id, id order by dt desc nulls last) as version_rank
    from {{ source('youtube', 'comments') }}
)

select
    channel_id,
    id as comment_id,
    video_id,
    parent_id as parent_comment_id,
    author_id,
    author_name,
    message,
    published_at as created_at,
    updated_at,
    like_count,
    reply_count,
    channel_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
