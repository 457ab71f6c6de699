{# What others than the company wrote, by day. There are no figures of competitors, so no share of voice. #}
with
content as (
    select
        *,
        coalesce(author_id, author_name) as author
    from {{ ref('fct_content') }}
    where coalesce(is_own, false) is false
)

select
    {{ surrogate_key(['created_date', 'platform', 'kind', 'topic', 'sentiment']) }} as user_content_key,
    created_date as date_day,
    platform,
    kind,
    topic,
    sentiment,
    count(*) as items,
    count(distinct author) as authors,
    cast(sum(like_count) as bigint) as likes,
    count(rating) as ratings,
    cast(sum(rating) as bigint) as rating_sum
from content
group by created_date, platform, kind, topic, sentiment
