{# What no list has any more is left to the rest of its campaign. #}
select
    account_id,
    campaign_id,
    cast(null as string) as campaign_name,
    line_item_id as ad_group_id,
    cast(null as string) as ad_group_name,
    promoted_tweet_id as ad_id,
    cast(null as string) as ad_name,
    {{ x_ads_metrics() }}
from {{ source('x_ads', 'stats_promoted_tweet') }}
where campaign_id is not null
