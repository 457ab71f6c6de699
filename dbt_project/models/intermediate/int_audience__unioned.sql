{# What each source tells of an account's day. Several rows tell of one day, none of them all of it, and
   what one does not tell is NULL. #}
select
    'facebook_pages' as source,
    'facebook' as platform,
    page_id as account_id,
    date_day,
    case when metric = 'page_follows' then value_number end as followers,
    case when metric = 'page_daily_follows_unique' then value_number end as followers_gained,
    cast(null as bigint) as followers_lost,
    case when metric = 'page_media_view' then value_number end as impressions,
    case when metric = 'page_total_media_view_unique' then value_number end as reach,
    cast(null as bigint) as profile_views,
    cast(null as bigint) as video_views
from {{ ref('stg_facebook_pages__page_insights') }}
union all
select
    'instagram' as source,
    'instagram' as platform,
    account_id,
    snapshot_day as date_day,
    followers,
    cast(null as bigint) as followers_gained,
    cast(null as bigint) as followers_lost,
    cast(null as bigint) as impressions,
    cast(null as bigint) as reach,
    cast(null as bigint) as profile_views,
    cast(null as bigint) as video_views
from {{ ref('stg_instagram__accounts') }}
union all
select
    'instagram' as source,
    'instagram' as platform,
    account_id,
    date_day,
    cast(null as bigint) as followers,
    case when metric = 'follower_count' then value_number end as followers_gained,
    cast(null as bigint) as followers_lost,
    case when metric = 'views' then value_number end as impressions,
    case when metric = 'reach' then value_number end as reach,
    case when metric = 'profile_views' then value_number end as profile_views,
    cast(null as bigint) as video_views
from {{ ref('stg_instagram__account_insights') }}
union all
select
    'youtube' as source,
    'youtube' as platform,
    channel_id as account_id,
    snapshot_day as date_day,
    subscribers as followers,
    cast(null as bigint) as followers_gained,
    cast(null as bigint) as followers_lost,
    cast(null as bigint) as impressions,
    cast(null as bigint) as reach,
    cast(null as bigint) as profile_views,
    cast(null as bigint) as video_views
from {{ ref('stg_youtube__channels') }}
union all
select
    'youtube' as source,
    'youtube' as platform,
    channel_id as account_id,
    date_day,
    cast(null as bigint) as followers,
    subscribers_gained as followers_gained,
    subscribers_lost as followers_lost,
    cast(null as bigint) as impressions,
    cast(null as bigint) as reach,
    cast(null as bigint) as profile_views,
    views as video_views
from {{ ref('stg_youtube__channel_daily') }}
union all
select
    'tiktok' as source,
    'tiktok' as platform,
    account_id,
    snapshot_day as date_day,
    followers,
    cast(null as bigint) as followers_gained,
    cast(null as bigint) as followers_lost,
    cast(null as bigint) as impressions,
    cast(null as bigint) as reach,
    cast(null as bigint) as profile_views,
    cast(null as bigint) as video_views
from {{ ref('stg_tiktok__profile') }}
union all
select
    'linkedin' as source,
    'linkedin' as platform,
    organization_id as account_id,
    date_day,
    followers,
    cast(null as bigint) as followers_gained,
    cast(null as bigint) as followers_lost,
    cast(null as bigint) as impressions,
    cast(null as bigint) as reach,
    cast(null as bigint) as profile_views,
    cast(null as bigint) as video_views
from {{ ref('stg_linkedin__followers') }}
union all
select
    'linkedin' as source,
    'linkedin' as platform,
    organization_id as account_id,
    date_day,
    cast(null as bigint) as followers,
    organic_new_followers + paid_new_followers as followers_gained,
    cast(null as bigint) as followers_lost,
    impressions,
    reach,
    cast(null as bigint) as profile_views,
    cast(null as bigint) as video_views
from {{ ref('stg_linkedin__organization_daily') }}
union all
select
    'x' as source,
    'x' as platform,
    account_id,
    snapshot_day as date_day,
    followers,
    cast(null as bigint) as followers_gained,
    cast(null as bigint) as followers_lost,
    cast(null as bigint) as impressions,
    cast(null as bigint) as reach,
    cast(null as bigint) as profile_views,
    cast(null as bigint) as video_views
from {{ ref('stg_x__accounts') }}
