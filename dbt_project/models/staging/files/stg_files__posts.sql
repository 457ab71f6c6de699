select
    dataset,
    post_id,
    lower(platform) as platform,
    published_at,
    post_type,
    message,
    case is_paid when 1 then true when 0 then false end as is_paid,
    impressions,
    reach,
    reactions,
    comments,
    shares,
    saves,
    link_clicks,
    video_views,
    engaged_users,
    dt as lake_day
from {{ source('files', 'posts') }}
