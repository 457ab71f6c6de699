{# Likes that an account hides, and insights that Instagram does not tell, are NULL. #}
select
    account_id,
    id as media_id,
    timestamp as published_at,
    dt as snapshot_day,
    cast({{ json_text('insights', '.views') }} as bigint) as impressions,
    cast({{ json_text('insights', '.reach') }} as bigint) as reach,
    like_count as likes,
    comments_count as comments,
    cast({{ json_text('insights', '.shares') }} as bigint) as shares,
    cast({{ json_text('insights', '.saved') }} as bigint) as saves,
    case when media_type = 'VIDEO' then cast({{ json_text('insights', '.views') }} as bigint) end as video_views,
    account_id as lake_account
from {{ source('instagram', 'media') }}
