{# A promoted post has no name of its own. #}
with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('x_ads', 'promoted_tweets') }}
)

select
    account_id,
    id as ad_id,
    line_item_id as ad_group_id,
    campaign_id,
    concat('Post ', tweet_id) as ad_name,
    tweet_id as creative_id,
    {{ x_ads_status('entity_status', 'deleted') }} as status,
    split_part(link, '?', 2) as url_tags,
    dt as lake_day
from versions
where version_rank = 1
