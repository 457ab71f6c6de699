select
    organization_id,
    dt as date_day,
    followers
from {{ source('linkedin', 'followers') }}
