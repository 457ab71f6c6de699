{# What people write to the company and about it, in one vocabulary: comments under posts, mentions
   elsewhere, reviews. #}
with
{# What a search found besides: not what addresses an account, which is told there, nor our own posts. #}
found_on_x as (
    select search.*
    from {{ ref('stg_x__search') }} as search
    left join {{ ref('stg_x__mentions') }} as mentions
        on search.mention_id = mentions.mention_id
    left join {{ ref('stg_x__posts') }} as own
        on search.mention_id = own.post_id
    where mentions.mention_id is null and own.post_id is null
),

content as (
    select
        'facebook_pages' as source,
        'facebook' as platform,
        page_id as account_id,
        comment_id as content_id,
        'comment' as kind,
        post_id,
        parent_comment_id as parent_id,
        author_id,
        cast(null as string) as author_name,
        message,
        cast(null as string) as language,
        cast(null as bigint) as rating,
        like_count,
        created_at,
        cast(null as string) as permalink_url,
        page_id as lake_account,
        lake_day
    from {{ ref('stg_facebook_pages__comments') }}
    union all
    select
        'youtube' as source,
        'youtube' as platform,
        channel_id as account_id,
        comment_id as content_id,
        'comment' as kind,
        video_id as post_id,
        parent_comment_id as parent_id,
        author_id,
        author_name,
        message,
        cast(null as string) as language,
        cast(null as bigint) as rating,
        like_count,
        created_at,
        concat('https://www.youtube.com/watch?v=', video_id, '&lc=', comment_id) as permalink_url,
        lake_account,
        lake_day
    from {{ ref('stg_youtube__comments') }}
    union all
    select
        'instagram' as source,
        'instagram' as platform,
        account_id,
        comment_id as content_id,
        'comment' as kind,
        media_id as post_id,
        parent_comment_id as parent_id,
        author_id,
        author_name,
        message,
        cast(null as string) as language,
        cast(null as bigint) as rating,
        like_count,
        created_at,
        cast(null as string) as permalink_url,
        lake_account,
        lake_day
    from {{ ref('stg_instagram__comments') }}
    union all
    select
        'instagram' as source,
        'instagram' as platform,
        account_id,
        media_id as content_id,
        'mention' as kind,
        cast(null as string) as post_id,
        cast(null as string) as parent_id,
        cast(null as string) as author_id,
        author_name,
        message,
        cast(null as string) as language,
        cast(null as bigint) as rating,
        like_count,
        created_at,
        permalink_url,
        lake_account,
        lake_day
    from {{ ref('stg_instagram__tags') }}
    union all
    select
        'linkedin' as source,
        'linkedin' as platform,
        organization_id as account_id,
        comment_id as content_id,
        'comment' as kind,
        post_id,
        parent_comment_id as parent_id,
        author_id,
        cast(null as string) as author_name,
        message,
        cast(null as string) as language,
        cast(null as bigint) as rating,
        like_count,
        created_at,
        cast(null as string) as permalink_url,
        organization_id as lake_account,
        lake_day
    from {{ ref('stg_linkedin__comments') }}
    {%- for mentions in [ref('stg_x__mentions'), 'found_on_x'] %}
    union all
    select
        'x' as source,
        'x' as platform,
        account_id,
        mention_id as content_id,
        'mention' as kind,
        case when conversation_id <> mention_id then conversation_id end as post_id,
        replied_to_id as parent_id,
        author_id,
        author_name,
        message,
        language,
        cast(null as bigint) as rating,
        like_count,
        created_at,
        permalink_url,
        lake_account,
        lake_day
    from {{ mentions }}
    {%- endfor %}
    union all
    select
        'woocommerce' as source,
        'woocommerce' as platform,
        site as account_id,
        review_id as content_id,
        'review' as kind,
        product_id as post_id,
        cast(null as string) as parent_id,
        cast(null as string) as author_id,
        author_name,
        message,
        cast(null as string) as language,
        rating,
        cast(null as bigint) as like_count,
        created_at,
        permalink as permalink_url,
        lake_account,
        lake_day
    from {{ ref('stg_woocommerce__product_reviews') }}
    union all
    select
        'shopee' as source,
        'shopee' as platform,
        shop_id as account_id,
        review_id as content_id,
        'review' as kind,
        product_id as post_id,
        cast(null as string) as parent_id,
        cast(null as string) as author_id,
        author_name,
        message,
        cast(null as string) as language,
        rating,
        cast(null as bigint) as like_count,
        created_at,
        cast(null as string) as permalink_url,
        lake_account,
        lake_day
    from {{ ref('stg_shopee__product_reviews') }}
)

select
    {{ surrogate_key(['source', 'account_id', 'kind', 'content_id']) }} as content_key,
    source,
    platform,
    account_id,
    content_id,
    kind,
    post_id,
    parent_id,
    author_id,
    author_name,
    message,
    language,
    rating,
    like_count,
    created_at,
    permalink_url,
    lake_account,
    lake_day as first_lake_day,
    lake_day as last_lake_day
from content
