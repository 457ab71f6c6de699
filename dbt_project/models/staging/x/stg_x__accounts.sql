select
    account_id,
    dt as snapshot_day,
    username,
    name as account_name,
    followers_count as followers,
    following_count as follows,
    tweet_count as posts
from {{ source('x', 'accounts') }}
