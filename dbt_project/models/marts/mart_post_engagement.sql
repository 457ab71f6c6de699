{#- Rates per post are those of all posts that the account published in the same month. -#}
{%- set kinds = ['reactions', 'comments', 'shares', 'saves', 'link_clicks'] -%}
with
gathered as (
    select
        post_key,
        {%- for metric in kinds + ['impressions', 'reach', 'video_views'] %}
        cast(sum({{ metric }}) as bigint) as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_post_daily') }}
    group by post_key
),

posts as (
    select
        posts.post_key,
        posts.source,
        posts.platform,
        posts.account_id,
        posts.post_id,
        posts.post_type,
        posts.published_date,
        {{ month_start('posts.published_date') }} as published_month,
        audience.followers,
        gathered.impressions,
        gathered.reach,
        gathered.video_views,
        {%- for kind in kinds %}
        gathered.{{ kind }},
        {%- endfor %}
        case
            when coalesce(
                {%- for kind in kinds %}
                gathered.{{ kind }}{{ ',' if not loop.last }}
                {%- endfor %}
            ) is not null
                then
                {%- for kind in kinds %}
                    coalesce(gathered.{{ kind }}, 0){{ ' +' if not loop.last }}
                {%- endfor %}
        end as engagements
    from {{ ref('dim_post') }} as posts
    inner join gathered
        on posts.post_key = gathered.post_key
    left join {{ ref('fct_audience_daily') }} as audience
        on
            posts.source = audience.source
            and posts.account_id = audience.account_id
            and posts.published_date = audience.date_day
    where posts.author_kind = 'page'
)

select
    post_key,
    source,
    platform,
    account_id,
    post_id,
    post_type,
    published_date,
    published_month,
    impressions,
    reach,
    followers,
    video_views,
    {%- for kind in kinds %}
    {{ kind }},
    {%- endfor %}
    engagements,
    {%- for denominator in ['reach', 'impressions', 'followers'] %}
    {{ ratio('engagements', denominator) }} as engagement_rate_by_{{ denominator }},
    {%- endfor %}
    {{ ratio('shares', 'impressions') }} as virality_rate,
    {%- for rate, kind in [('applause', 'reactions'), ('amplification', 'shares'), ('conversation', 'comments')] %}
    {{ ratio('sum(' ~ kind ~ ') over months', 'count(' ~ kind ~ ') over months') }} as {{ rate }}_rate_of_month
    {{- ',' if not loop.last }}
    {%- endfor %}
from posts
window months as (partition by source, account_id, published_month)
