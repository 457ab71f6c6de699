{# What each source tells of an account's day. Several rows tell of one day, none of them all of it, and
   what one does not tell is NULL. #}
{%- set told = [
    ('facebook_pages', 'facebook', 'page_id', 'date_day', 'stg_facebook_pages__page_insights', {
        'followers': "case when metric = 'page_follows' then value_number end",
        'followers_gained': "case when metric = 'page_daily_follows_unique' then value_number end",
        'impressions': "case when metric = 'page_media_view' then value_number end",
        'reach': "case when metric = 'page_total_media_view_unique' then value_number end",
    }),
    ('instagram', 'instagram', 'account_id', 'snapshot_day', 'stg_instagram__accounts', {'followers': 'followers'}),
    ('instagram', 'instagram', 'account_id', 'date_day', 'stg_instagram__account_insights', {
        'followers_gained': "case when metric = 'follower_count' then value_number end",
        'impressions': "case when metric = 'views' then value_number end",
        'reach': "case when metric = 'reach' then value_number end",
        'profile_views': "case when metric = 'profile_views' then value_number end",
    }),
    ('youtube', 'youtube', 'channel_id', 'snapshot_day', 'stg_youtube__channels', {'followers': 'subscribers'}),
    ('youtube', 'youtube', 'channel_id', 'date_day', 'stg_youtube__channel_daily', {
        'followers_gained': 'subscribers_gained',
        'followers_lost': 'subscribers_lost',
        'video_views': 'views',
    }),
    ('tiktok', 'tiktok', 'account_id', 'snapshot_day', 'stg_tiktok__profile', {'followers': 'followers'}),
    ('linkedin', 'linkedin', 'organization_id', 'date_day', 'stg_linkedin__followers', {'followers': 'followers'}),
    ('linkedin', 'linkedin', 'organization_id', 'date_day', 'stg_linkedin__organization_daily', {
        'followers_gained': 'organic_new_followers + paid_new_followers',
        'impressions': 'impressions',
        'reach': 'reach',
    }),
    ('x', 'x', 'account_id', 'snapshot_day', 'stg_x__accounts', {'followers': 'followers'}),
] %}
{%- for source, platform, account, day, model, metrics in told %}
select
    '{{ source }}' as source,
    '{{ platform }}' as platform,
    {{ account }} as account_id,
    {{ day }} as date_day,
    {%- for metric in audience_metrics() %}
    {{ metrics.get(metric, 'cast(null as bigint)') }} as {{ metric }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref(model) }}
{{ 'union all' if not loop.last }}
{%- endfor %}
