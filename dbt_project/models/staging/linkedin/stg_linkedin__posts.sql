with
versions as (
    select
        *,
        row_number() over (partition by organization_id, id order by dt desc nulls last) as version_rank
    from {{ source('linkedin', 'posts') }}
)

select
    organization_id,
    id as post_id,
    split_part(author, ':', 4) as author_id,
    case when split_part(author, ':', 4) = organization_id then 'page' else 'visitor' end as author_kind,
    {{ linkedin_text('commentary', '@$1') }} as message,
    {# A name has blanks: whom it mentions is told by ids. #}
    {{ linkedin_text('commentary', '@$2') }} as message_with_ids,
    case
        when content like '%urn:li:video:%' then 'video'
        when content like '%urn:li:image:%' then 'photo'
        when content like '%urn:li:document:%' then 'document'
        when {{ json_text('content', '.article.source') }} is not null then 'link'
        else 'text'
    end as post_type,
    {{ json_text('content', '.article.source') }} as link,
    published_at,
    changed_at as updated_at,
    'https:{{ '//' }}www.linkedin.com/feed/update/' || id || '/' as permalink_url,
    organization_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
