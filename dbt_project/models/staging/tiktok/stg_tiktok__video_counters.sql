{# Lifetime counters by the day on which they were read. #}
select
    account_id,
    id as post_id,
    create_time as created_at,
    dt as snapshot_day,
    like_count as reactions,
    comment_count as comments,
    share_count as shares,
    view_count as video_views,
    account_id as lake_account
from {{ source('tiktok', 'videos') }}
