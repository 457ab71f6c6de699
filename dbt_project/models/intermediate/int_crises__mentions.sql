{# The negative mentions that a crisis is made of: of its topics, from its first flagged hour to its last. #}
select
    hours.crisis_started_at,
    content.content_key,
    content.post_key,
    content.topic,
    content.language,
    coalesce(content.author_id, content.author_name) as author,
    content.created_at
from {{ ref('fct_content') }} as content
inner join {{ ref('int_crises__hourly') }} as hours
    on
        content.topic = hours.topic
        and cast(date_trunc('hour', content.created_at) as timestamp) = hours.hour_at
where
    content.sentiment = 'negative'
    and coalesce(content.is_own, false) is false
    and hours.crisis_started_at is not null
