{# What posts had gathered over their life when a day closed. A snapshot of a platform, or the one figure
   that an export gives, under the day of publication. #}
select
    'facebook_pages' as source,
    'facebook' as platform,
    page_id as account_id,
    post_id,
    {{ reporting_date('created_at') }} as published_date,
    snapshot_day,
    impressions,
    reach,
    reactions,
    comments,
    shares,
    cast(null as bigint) as saves,
    link_clicks,
    video_views,
    lake_account
from {{ ref('stg_facebook_pages__post_counters') }}
union all
select
    'files' as source,
    platform,
    dataset as account_id,
    post_id,
    lake_day as published_date,
    lake_day as snapshot_day,
    impressions,
    reach,
    reactions,
    comments,
    shares,
    saves,
    link_clicks,
    video_views,
    dataset as lake_account
from {{ ref('stg_files__posts') }}
union all
select
    'tiktok' as source,
    'tiktok' as platform,
    account_id,
    post_id,
    {{ reporting_date('created_at') }} as published_date,
    snapshot_day,
    cast(null as bigint) as impressions,
    cast(null as bigint) as reach,
    reactions,
    comments,
    shares,
    cast(null as bigint) as saves,
    cast(null as bigint) as link_clicks,
    video_views,
    lake_account
from {{ ref('stg_tiktok__video_counters') }}
union all
select
    'youtube' as source,
    'youtube' as platform,
    channel_id as account_id,
    video_id as post_id,
    {{ reporting_date('published_at') }} as published_date,
    snapshot_day,
    cast(null as bigint) as impressions,
    cast(null as bigint) as reach,
    likes as reactions,
    comments,
    cast(null as bigint) as shares,
    cast(null as bigint) as saves,
    cast(null as bigint) as link_clicks,
    video_views,
    lake_account
from {{ ref('stg_youtube__video_counters') }}
union all
select
    'instagram' as source,
    'instagram' as platform,
    account_id,
    media_id as post_id,
    {{ reporting_date('published_at') }} as published_date,
    snapshot_day,
    impressions,
    reach,
    likes as reactions,
    comments,
    shares,
    saves,
    cast(null as bigint) as link_clicks,
    video_views,
    lake_account
from {{ ref('stg_instagram__media_counters') }}
union all
select
    'instagram' as source,
    'instagram' as platform,
    account_id,
    media_id as post_id,
    {{ reporting_date('published_at') }} as published_date,
    snapshot_day,
    impressions,
    reach,
    likes as reactions,
    comments,
    shares,
    saves,
    cast(null as bigint) as link_clicks,
    video_views,
    lake_account
from {{ ref('stg_instagram__story_counters') }}
union all
select
    'linkedin' as source,
    'linkedin' as platform,
    organization_id as account_id,
    post_id,
    {{ reporting_date('published_at') }} as published_date,
    snapshot_day,
    impressions,
    reach,
    reactions,
    comments,
    shares,
    cast(null as bigint) as saves,
    cast(null as bigint) as link_clicks,
    cast(null as bigint) as video_views,
    lake_account
from {{ ref('stg_linkedin__post_counters') }}
union all
select
    'x' as source,
    'x' as platform,
    account_id,
    post_id,
    {{ reporting_date('created_at') }} as published_date,
    snapshot_day,
    impressions,
    cast(null as bigint) as reach,
    likes as reactions,
    comments,
    shares,
    saves,
    link_clicks,
    video_views,
    lake_account
from {{ ref('stg_x__post_counters') }}
