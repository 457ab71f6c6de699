{# Negative mentions by topic and hour (UTC), of others than the account. An hour without one has a row where
   anything was written, so that the hours reach as far as what is known. #}
select
    topic,
    cast(date_trunc('hour', created_at) as timestamp) as hour_at,
    count(case when sentiment = 'negative' then 1 end) as negative_mentions
from {{ ref('fct_content') }}
where coalesce(is_own, false) is false and topic is not null
group by topic, cast(date_trunc('hour', created_at) as timestamp)
