select
    account_id,
    display_name,
    username,
    follower_count as followers,
    likes_count as likes,
    video_count as videos,
    dt as snapshot_day
from {{ source('tiktok', 'profile') }}
