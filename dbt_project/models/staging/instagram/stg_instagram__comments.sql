with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('instagram', 'comments') }}
)

select
    account_id,
    id as comment_id,
    media_id,
    parent_id as parent_comment_id,
    author_id,
    username as author_name,
    text as message,
    timestamp as created_at,
    like_count,
    hidden as is_hidden,
    account_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
