{%- set inputs = [
    'facebook_pages.comments', 'youtube.comments', 'instagram.comments', 'instagram.tags', 'linkedin.comments',
    'x.mentions', 'x.search', 'woocommerce.product_reviews', 'shopee.product_reviews',
] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_affected',
    meta={'replaces': 'content_key in (select content_key from $affected)'},
    pre_hook="{{ find_affected('content_key', ref('int_content__unioned'), " ~ inputs
        ~ ", judged_in=ref('int_content__scored'), judged=['language', 'sentiment', 'sentiment_score', 'topic']) }}",
    post_hook="{{ record_inputs(" ~ inputs ~ ") }}",
) }}
-- depends_on: {{ ref('stg_lake__files') }}

with
content as (
    select *
    from {{ ref('int_content__unioned') }}
    {{ only_affected('content_key') }}
)

select
    content.content_key,
    case
        when content.post_id is not null and content.kind <> 'review'
            then {{ surrogate_key(['content.source', 'content.account_id', 'content.post_id']) }}
    end as post_key,
    content.source,
    content.platform,
    content.account_id,
    content.content_id,
    content.kind,
    content.post_id,
    content.parent_id,
    content.author_id,
    content.author_name,
    content.author_id = content.account_id as is_own,
    content.message,
    scored.language,
    scored.sentiment,
    scored.sentiment_score,
    scored.topic,
    content.rating,
    content.like_count,
    content.created_at,
    {{ reporting_date('content.created_at') }} as created_date,
    content.permalink_url,
    content.lake_account,
    content.first_lake_day,
    content.last_lake_day
from content
left join {{ ref('int_content__scored') }} as scored
    on content.content_key = scored.content_key
