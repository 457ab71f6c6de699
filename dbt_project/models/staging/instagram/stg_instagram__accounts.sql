select
    account_id,
    dt as snapshot_day,
    username,
    name as account_name,
    followers_count as followers,
    follows_count as follows,
    media_count as media
from {{ source('instagram', 'accounts') }}
