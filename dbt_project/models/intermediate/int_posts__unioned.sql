{# Posts by the company and about it, in one vocabulary. Handles are looked for in `mentions_text` and links
   in `links_text`: platforms keep some of them apart from the message. #}
select
    'facebook_pages' as source,
    'facebook' as platform,
    page_id as account_id,
    post_id,
    author_id,
    author_kind,
    post_type,
    message,
    message as mentions_text,
    concat_ws(' ', link, message) as links_text,
    cast(null as boolean) as is_paid,
    permalink_url,
    created_at as published_at,
    {{ reporting_date('created_at') }} as published_date
from {{ ref('stg_facebook_pages__posts') }}
union all
select
    'files' as source,
    platform,
    dataset as account_id,
    post_id,
    cast(null as string) as author_id,
    'page' as author_kind,
    lower(post_type) as post_type,
    message,
    message as mentions_text,
    message as links_text,
    is_paid,
    cast(null as string) as permalink_url,
    published_at,
    lake_day as published_date
from {{ ref('stg_files__posts') }}
union all
select
    'tiktok' as source,
    'tiktok' as platform,
    account_id,
    post_id,
    account_id as author_id,
    'page' as author_kind,
    'video' as post_type,
    message,
    message as mentions_text,
    message as links_text,
    cast(null as boolean) as is_paid,
    permalink_url,
    created_at as published_at,
    {{ reporting_date('created_at') }} as published_date
from {{ ref('stg_tiktok__videos') }}
union all
select
    'youtube' as source,
    'youtube' as platform,
    channel_id as account_id,
    video_id as post_id,
    channel_id as author_id,
    'page' as author_kind,
    'video' as post_type,
    concat_ws(' ', title, description) as message,
    concat_ws(' ', title, description) as mentions_text,
    concat_ws(' ', title, description) as links_text,
    cast(null as boolean) as is_paid,
    permalink_url,
    published_at,
    {{ reporting_date('published_at') }} as published_date
from {{ ref('stg_youtube__videos') }}
-- One that was never shown has no time of publication.
where published_at is not null
union all
select
    'instagram' as source,
    'instagram' as platform,
    account_id,
    media_id as post_id,
    account_id as author_id,
    'page' as author_kind,
    lower(media_type) as post_type,
    caption as message,
    caption as mentions_text,
    caption as links_text,
    cast(null as boolean) as is_paid,
    permalink_url,
    published_at,
    {{ reporting_date('published_at') }} as published_date
from {{ ref('stg_instagram__media') }}
union all
select
    'instagram' as source,
    'instagram' as platform,
    account_id,
    media_id as post_id,
    account_id as author_id,
    'page' as author_kind,
    lower(media_type) as post_type,
    caption as message,
    caption as mentions_text,
    caption as links_text,
    cast(null as boolean) as is_paid,
    permalink_url,
    published_at,
    {{ reporting_date('published_at') }} as published_date
from {{ ref('stg_instagram__stories') }}
union all
select
    'linkedin' as source,
    'linkedin' as platform,
    organization_id as account_id,
    post_id,
    author_id,
    author_kind,
    post_type,
    message,
    message_with_ids as mentions_text,
    concat_ws(' ', link, message) as links_text,
    cast(null as boolean) as is_paid,
    permalink_url,
    published_at,
    {{ reporting_date('published_at') }} as published_date
from {{ ref('stg_linkedin__posts') }}
union all
select
    'x' as source,
    'x' as platform,
    account_id,
    post_id,
    author_id,
    'page' as author_kind,
    post_type,
    message,
    message as mentions_text,
    coalesce(links, message) as links_text,
    cast(null as boolean) as is_paid,
    permalink_url,
    created_at as published_at,
    {{ reporting_date('created_at') }} as published_date
from {{ ref('stg_x__posts') }}
