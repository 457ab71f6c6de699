with
versions as (
    select
        *,
        row_number() over (partition by organization_id, id order by dt desc nulls last) as version_rank
    from {{ source('linkedin', 'comments') }}
)

select
    organization_id,
    id as comment_id,
    post_id,
    parent_id as parent_comment_id,
    split_part(actor, ':', 4) as author_id,
    message,
    created_at,
    likes as like_count,
    coalesce(replies, 0) as reply_count,
    dt as lake_day
from versions
where version_rank = 1
