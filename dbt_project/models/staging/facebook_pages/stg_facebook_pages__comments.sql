with
versions as (
    select
        *,
        row_number() over (partition by page_id, id order by dt desc nulls last) as version_rank
    from {{ source('facebook_pages', 'comments') }}
)

select
    page_id,
    id as comment_id,
    post_id,
    parent_id as parent_comment_id,
    from_id as author_id,
    case when from_id = page_id then 'page' else 'visitor' end as author_kind,
    message,
    created_time as created_at,
    like_count,
    comment_count as reply_count,
    is_hidden,
    dt as lake_day
from versions
where version_rank = 1
