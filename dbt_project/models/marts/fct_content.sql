{%- set inputs = [
    'facebook_pages.comments', 'youtube.comments', 'instagram.comments', 'instagram.tags', 'linkedin.comments',
    'x.mentions', 'x.search', 'woocommerce.product_reviews', 'shopee.product_reviews',
] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_affected',
    meta={'replaces': 'content_key in (select content_key from $affected)'},
    pre_hook="{{ find_affected('content_key', ref('int_content__unioned'), " ~ inputs ~ ") }}",
    post_hook="{{ record_inputs(" ~ inputs ~ ") }}",
) }}
-- depends_on: {{ ref('stg_lake__files') }}

select
    content_key,
    case
        when post_id is not null and kind <> 'review'
            then {{ surrogate_key(['source', 'account_id', 'post_id']) }}
    end as post_key,
    source,
    platform,
    account_id,
    content_id,
    kind,
    post_id,
    parent_id,
    author_id,
    author_name,
    author_id = account_id as is_own,
    message,
    language,
    rating,
    like_count,
    created_at,
    {{ reporting_date('created_at') }} as created_date,
    permalink_url,
    lake_account,
    first_lake_day,
    last_lake_day
from {{ ref('int_content__unioned') }}
{{ only_affected('content_key') }}
