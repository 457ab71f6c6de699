with
versions as (
    select
        *,
        row_number() over (partition by account_id, id order by dt desc nulls last) as version_rank
    from {{ source('instagram', 'media') }}
)

select
    account_id,
    id as media_id,
    case when media_product_type in ('REELS', 'STORY') then media_product_type else media_type end as media_type,
    caption,
    permalink as permalink_url,
    timestamp as published_at,
    account_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
