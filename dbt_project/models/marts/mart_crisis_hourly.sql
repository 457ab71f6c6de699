select
    {{ surrogate_key(['topic', 'hour_at']) }} as crisis_hour_key,
    topic,
    hour_at,
    negative_mentions,
    usual_mentions,
    threshold,
    is_flagged,
    case when crisis_started_at is not null then {{ surrogate_key(['crisis_started_at']) }} end as crisis_key
from {{ ref('int_crises__hourly') }}
