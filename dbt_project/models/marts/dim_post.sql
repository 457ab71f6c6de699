select
    {{ surrogate_key(['source', 'account_id', 'post_id']) }} as post_key,
    source,
    platform,
    account_id,
    post_id,
    author_id,
    author_kind,
    post_type,
    message,
    is_paid,
    permalink_url,
    published_at,
    published_date
from {{ ref('int_posts__unioned') }}
