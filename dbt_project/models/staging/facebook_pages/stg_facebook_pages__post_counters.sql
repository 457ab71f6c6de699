{# Lifetime counters by the day on which they were read. A metric that Facebook did not answer is NULL;
   a key that it leaves out of an answer (no shares, no link clicks) is 0. #}
with
read_values as (
    select
        page_id,
        id as post_id,
        created_time as created_at,
        dt as snapshot_day,
        coalesce(shares, 0) as shares,
        reactions,
        comments,
        {{ json_entry('insights', 'name', 'post_media_view') }} as media_view,
        {{ json_entry('insights', 'name', 'post_total_media_view_unique') }} as media_view_unique,
        {{ json_entry('insights', 'name', 'post_clicks_by_type') }} as clicks_by_type,
        {{ json_entry('insights', 'name', 'post_video_views') }} as video_view
    from {{ source('facebook_pages', 'post_counters') }}
)

select
    page_id,
    post_id,
    created_at,
    snapshot_day,
    cast({{ json_text('media_view', '.values[0].value') }} as bigint) as impressions,
    cast({{ json_text('media_view_unique', '.values[0].value') }} as bigint) as reach,
    reactions,
    comments,
    shares,
    case
        when clicks_by_type is not null
            then coalesce(cast({{ json_text('clicks_by_type', '.values[0].value."link clicks"') }} as bigint), 0)
    end as link_clicks,
    cast({{ json_text('video_view', '.values[0].value') }} as bigint) as video_views,
    page_id as lake_account
from read_values
