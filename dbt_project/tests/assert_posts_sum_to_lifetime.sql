-- The days of a post sum up to its newest lifetime counters.
{%- set metrics = ['impressions', 'reach', 'reactions', 'comments', 'shares', 'saves', 'link_clicks', 'video_views'] %}
with
newest as (
    select
        source,
        account_id,
        post_id,
        {%- for metric in metrics %}
        max_by({{ metric }}, snapshot_day) filter (where {{ metric }} is not null) as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('int_post_counters__unioned') }}
    group by source, account_id, post_id
),

summed as (
    select
        source,
        account_id,
        post_id,
        {%- for metric in metrics %}
        sum({{ metric }}) as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_post_daily') }}
    group by source, account_id, post_id
)

select
    newest.source,
    newest.post_id
from newest
full join summed
    on
        newest.source = summed.source
        and newest.account_id = summed.account_id
        and newest.post_id = summed.post_id
where
    {%- for metric in metrics %}
    newest.{{ metric }} is distinct from summed.{{ metric }}{{ ' or' if not loop.last }}
    {%- endfor %}
