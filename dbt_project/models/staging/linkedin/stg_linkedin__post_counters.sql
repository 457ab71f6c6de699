{# Lifetime counters by the day on which they were read. LinkedIn's clicks are of every kind, on links,
   pictures and the name: they are no link clicks. #}
select
    organization_id,
    id as post_id,
    published_at,
    dt as snapshot_day,
    impressions,
    unique_impressions as reach,
    likes as reactions,
    comments,
    shares,
    clicks,
    organization_id as lake_account
from {{ source('linkedin', 'post_counters') }}
