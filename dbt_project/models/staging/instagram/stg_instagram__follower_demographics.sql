select
    account_id,
    dt as snapshot_day,
    breakdown,
    dimension,
    followers
from {{ source('instagram', 'follower_demographics') }}
