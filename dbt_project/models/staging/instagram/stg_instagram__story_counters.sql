{# A story is seen before its day has closed, under the day before: it counts when its day has. #}
select
    account_id,
    id as media_id,
    timestamp as published_at,
    dt as snapshot_day,
    cast({{ json_text('insights', '.views') }} as bigint) as impressions,
    cast({{ json_text('insights', '.reach') }} as bigint) as reach,
    like_count as likes,
    cast({{ json_text('insights', '.replies') }} as bigint) as comments,
    cast({{ json_text('insights', '.shares') }} as bigint) as shares,
    cast({{ json_text('insights', '.saved') }} as bigint) as saves,
    case when media_type = 'VIDEO' then cast({{ json_text('insights', '.views') }} as bigint) end as video_views,
    account_id as lake_account
from {{ source('instagram', 'stories') }}
where cast(timestamp as date) <= dt
