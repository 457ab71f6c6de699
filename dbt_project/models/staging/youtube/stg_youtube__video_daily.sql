select
    channel_id,
    video_id,
    day as date_day,
    views,
    likes,
    comments,
    shares,
    estimated_minutes_watched as minutes_watched,
    average_view_duration as average_view_seconds,
    subscribers_gained,
    subscribers_lost,
    estimated_revenue,
    currency
from {{ source('youtube', 'video_daily') }}
