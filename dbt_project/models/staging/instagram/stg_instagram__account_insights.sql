select
    account_id,
    metric,
    -- The file's day is the day that the value covers.
    dt as date_day,
    value as value_json,
    try_cast(value as bigint) as value_number
from {{ source('instagram', 'account_insights') }}
