{# Hours of all topics that are flagged together are one crisis: what it cost cannot be parted by topic. #}
with
hours as (
    select
        crisis_started_at,
        topic,
        hour_at,
        sum(negative_mentions) over (partition by crisis_started_at, hour_at) as mentions_in_hour,
        sum(negative_mentions) over (partition by crisis_started_at, topic) as mentions_of_topic,
        is_flagged,
        is_over
    from {{ ref('int_crises__hourly') }}
    where crisis_started_at is not null
),

ranked as (
    select
        *,
        row_number() over (
            partition by crisis_started_at
            order by mentions_in_hour desc nulls last, hour_at asc nulls last, topic asc nulls last
        ) as hour_rank,
        row_number() over (
            partition by crisis_started_at
            order by mentions_of_topic desc nulls last, topic asc nulls last, hour_at asc nulls last
        ) as topic_rank
    from hours
),

crises as (
    select
        crisis_started_at,
        max(case when topic_rank = 1 then topic end) as topic,
        {{ distinct_text('topic') }} as topics,
        max(case when hour_rank = 1 then hour_at end) as peak_at,
        max(case when hour_rank = 1 then mentions_in_hour end) as peak_mentions,
        max(case when is_flagged then hour_at end) + interval 1 hour as last_flagged_until,
        bool_and(is_over) as is_over,
        count(distinct case when is_flagged then hour_at end) as flagged_hours
    from ranked
    group by crisis_started_at
),

mentioned as (
    select
        crisis_started_at,
        count(*) as negative_mentions,
        count(distinct author) as authors,
        count(distinct post_key) as posts,
        min({{ reporting_date('created_at') }}) as first_date,
        max({{ reporting_date('created_at') }}) as last_date
    from {{ ref('int_crises__mentions') }}
    group by crisis_started_at
),

posts as (
    select
        mentions.crisis_started_at,
        mentions.post_key,
        count(*) as mentions
    from {{ ref('int_crises__mentions') }} as mentions
    inner join {{ ref('dim_post') }} as known
        on mentions.post_key = known.post_key
    group by mentions.crisis_started_at, mentions.post_key
),

ranked_posts as (
    select
        *,
        row_number() over (
            partition by crisis_started_at
            order by mentions desc nulls last, post_key asc nulls last
        ) as post_rank
    from posts
),

seen as (
    select
        posts.crisis_started_at,
        sum(coalesce(daily.impressions, daily.video_views)) as post_views
    from posts
    inner join mentioned
        on posts.crisis_started_at = mentioned.crisis_started_at
    inner join {{ ref('fct_post_daily') }} as daily
        on
            posts.post_key = daily.post_key
            and daily.date_day between mentioned.first_date and mentioned.last_date
    group by posts.crisis_started_at
),

exposed as (
    select
        crisis_started_at,
        {{ distinct_text('country') }} as countries
    from {{ ref('int_crises__sales') }}
    group by crisis_started_at
)

select
    {{ surrogate_key(['crises.crisis_started_at']) }} as crisis_key,
    crises.topic,
    crises.topics,
    exposed.countries,
    crises.crisis_started_at as started_at,
    crises.crisis_started_at + interval 1 hour as flagged_at,
    crises.peak_at,
    case when crises.is_over then crises.last_flagged_until end as ended_at,
    crises.flagged_hours,
    cast(crises.peak_mentions as bigint) as peak_mentions,
    mentioned.negative_mentions,
    mentioned.authors,
    mentioned.posts,
    cast(seen.post_views as bigint) as post_views,
    top_post.post_key as top_post_key,
    top_post.mentions as top_post_mentions,
    losses.days_compared,
    losses.expected_orders,
    losses.actual_orders,
    losses.expected_revenue,
    losses.actual_revenue,
    losses.lost_revenue,
    losses.lost_revenue_low,
    losses.lost_revenue_high,
    losses.recovered_at,
    losses.refused
from crises
left join mentioned
    on crises.crisis_started_at = mentioned.crisis_started_at
left join seen
    on crises.crisis_started_at = seen.crisis_started_at
left join ranked_posts as top_post
    on crises.crisis_started_at = top_post.crisis_started_at and top_post.post_rank = 1
left join exposed
    on crises.crisis_started_at = exposed.crisis_started_at
left join {{ ref('int_crises__losses') }} as losses
    on crises.crisis_started_at = losses.crisis_started_at
