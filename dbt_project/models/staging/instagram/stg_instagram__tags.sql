with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('instagram', 'tags') }}
)

select
    account_id,
    id as media_id,
    username as author_name,
    lower(media_type) as media_type,
    caption as message,
    permalink as permalink_url,
    timestamp as created_at,
    like_count,
    comments_count as comments,
    account_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
