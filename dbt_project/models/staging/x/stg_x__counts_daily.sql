select
    query,
    date as date_day,
    tweet_count as posts,
    account_id as lake_account,
    dt as lake_day
from {{ source('x', 'counts_daily') }}
