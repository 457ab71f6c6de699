select
    page_id,
    metric,
    period,
    -- The file's day is the day that the value covers; `end_time` is the moment that closed it.
    dt as date_day,
    value as value_json,
    try_cast(value as bigint) as value_number,
    end_time as closed_at
from {{ source('facebook_pages', 'page_insights') }}
