{# Counters that a channel hides are NULL. #}
select
    channel_id,
    id as video_id,
    published_at,
    dt as snapshot_day,
    view_count as video_views,
    like_count as likes,
    comment_count as comments,
    channel_id as lake_account
from {{ source('youtube', 'videos') }}
where is_available
