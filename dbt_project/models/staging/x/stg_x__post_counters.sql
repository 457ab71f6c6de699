{# Lifetime counters by the day on which they were read. Clicks are told for thirty days, and to the
   account itself only: after that they are unknown. A post without a link has none to click. #}
select
    account_id,
    id as post_id,
    created_at,
    dt as snapshot_day,
    impression_count as impressions,
    like_count as likes,
    reply_count as comments,
    retweet_count + quote_count as shares,
    bookmark_count as saves,
    case when non_public_impression_count is not null then coalesce(non_public_url_link_clicks, 0) end as link_clicks,
    non_public_user_profile_clicks as profile_clicks,
    video_views,
    account_id as lake_account
from {{ source('x', 'post_counters') }}
