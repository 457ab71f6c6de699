with
posts as (
    select
        *,
        {{ tagged_link_in('links_text') }} as tagged_link
    from {{ ref('int_posts__unioned') }}
)

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
    {{ hashtags_in('message') }} as hashtags,
    {{ mentions_in('mentions_text') }} as mentions,
    {{ links_in('links_text') }} as links,
    {%- for parameter in ['utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'] %}
    {{ url_parameter('tagged_link', parameter) }} as {{ parameter }},
    {%- endfor %}
    is_paid,
    permalink_url,
    published_at,
    published_date
from posts
