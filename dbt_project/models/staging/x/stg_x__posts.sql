with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('x', 'posts') }}
)

select
    account_id,
    id as post_id,
    author_id,
    coalesce(note_text, text) as message,
    case when in_reply_to_user_id is not null then 'reply' else 'post' end as post_type,
    lang as language,
    conversation_id,
    {# In the text they are shortened; X adds one for each picture, which leads to the post itself. #}
    {{ remove_all(
        json_texts(json_text('entities', '.urls'), 'expanded_url'),
        'https://(twitter|x)[.]com/[^ ]*/status/[0-9]+/(photo|video)/[0-9]+'
    ) }} as links,
    referenced_tweets,
    edit_history,
    created_at,
    {{ x_permalink('id') }} as permalink_url,
    retweet_count + quote_count as shares,
    like_count as likes,
    reply_count as comments,
    account_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
