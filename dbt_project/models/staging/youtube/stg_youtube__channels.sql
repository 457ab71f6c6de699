select
    channel_id,
    dt as snapshot_day,
    title as channel_name,
    handle,
    country as country_code,
    published_at as opened_at,
    view_count as video_views,
    case when hidden_subscriber_count then null else subscriber_count end as subscribers,
    video_count as videos
from {{ source('youtube', 'channels') }}
