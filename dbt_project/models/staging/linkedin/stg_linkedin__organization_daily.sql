select
    coalesce(statistics.organization_id, gains.organization_id) as organization_id,
    coalesce(statistics.date, gains.date) as date_day,
    statistics.impressions,
    statistics.unique_impressions as reach,
    statistics.clicks,
    statistics.likes as reactions,
    statistics.comments,
    statistics.shares,
    gains.organic as organic_new_followers,
    gains.paid as paid_new_followers
from {{ source('linkedin', 'share_statistics') }} as statistics
full outer join {{ source('linkedin', 'follower_gains') }} as gains
    on statistics.organization_id = gains.organization_id and statistics.date = gains.date
