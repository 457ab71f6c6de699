with
versions as (
    select
        *,
        row_number() over (partition by page_id, id order by dt desc nulls last) as version_rank
    from {{ source('facebook_pages', 'posts') }}
)

select
    page_id,
    id as post_id,
    from_id as author_id,
    case when from_id = page_id then 'page' else 'visitor' end as author_kind,
    message,
    status_type as post_type,
    created_time as created_at,
    updated_time as updated_at,
    permalink_url,
    {{ json_text(json_entry('attachments', 'media_type', 'link'), '.unshimmed_url') }} as link,
    -- Facebook leaves out the shares of a post that nobody shared.
    coalesce(shares, 0) as shares,
    reactions,
    comments,
    page_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
