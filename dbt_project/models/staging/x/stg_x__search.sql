{# A post that several queries found is one post. #}
with
versions as (
    select
        *,
        row_number() over (partition by id order by dt desc nulls last, query asc nulls last) as version_rank
    from {{ source('x', 'search') }}
)

select
    account_id,
    id as mention_id,
    query,
    author_id,
    author_name,
    author_username,
    author_followers,
    coalesce(note_text, text) as message,
    lang as language,
    conversation_id,
    {{ json_text(json_entry('referenced_tweets', 'type', 'replied_to'), '.id') }} as replied_to_id,
    like_count,
    reply_count,
    retweet_count + quote_count as share_count,
    impression_count,
    created_at,
    {{ x_permalink('id') }} as permalink_url,
    account_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
