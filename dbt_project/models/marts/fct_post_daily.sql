{#
Platforms tell what a post has gathered over its whole life. A row is what a snapshot adds to what was
known before it, so that the days of a post sum up to its newest lifetime figure. The first snapshot's
figures are booked on the day of publication; a metric that a snapshot lacks is NULL there, and its
next figure carries the difference.

A row depends on the rows before it: from the first changed snapshot of an account on, all of that
account's are made again, starting from what the rows before it sum up to.
#}
{%- set inputs = [
    'facebook_pages.post_counters', 'files.posts', 'tiktok.videos', 'youtube.videos', 'instagram.media',
    'instagram.stories', 'linkedin.post_counters', 'x.post_counters',
] -%}
{%- set metrics = [
    'impressions', 'reach', 'reactions', 'comments', 'shares', 'saves', 'link_clicks', 'video_views'
] -%}
{{ config(
    materialized='incremental',
    incremental_strategy='replace_affected',
    meta={'replaces':
        'exists (select 1 from $affected as changed where changed.source = DBT_TARGET.source'
        ~ ' and changed.account = DBT_TARGET.lake_account and changed.lake_day <= DBT_TARGET.last_lake_day)'},
    pre_hook="{{ first_changes(" ~ inputs ~ ") }}",
    post_hook="{{ record_inputs(" ~ inputs ~ ") }}",
) }}
-- depends_on: {{ ref('stg_lake__files') }}

with
snapshots as (
    select counters.*
    from {{ ref('int_post_counters__unioned') }} as counters
    {%- if is_incremental() %}
    inner join {{ affected() }} as changed
        on
            counters.source = changed.source
            and counters.lake_account = changed.account
            and counters.snapshot_day >= changed.lake_day
    {%- endif %}
),

{# One row per metric: NULL is no observation, so that a gap is bridged for that metric alone. #}
observations as (
    {%- for metric in metrics %}
    select
        source,
        account_id,
        post_id,
        snapshot_day,
        '{{ metric }}' as metric,
        {{ metric }} as lifetime
    from snapshots
    where {{ metric }} is not null
    {{ 'union all' if not loop.last }}
    {%- endfor %}
    {%- if is_incremental() %}
    {%- for metric in metrics %}
    union all
    select
        built.source,
        built.account_id,
        built.post_id,
        date '0001-01-01' as snapshot_day,
        '{{ metric }}' as metric,
        cast(sum(built.{{ metric }}) as bigint) as lifetime
    from {{ this }} as built
    inner join {{ affected() }} as changed
        on
            built.source = changed.source
            and built.lake_account = changed.account
            and built.last_lake_day < changed.lake_day
    where built.{{ metric }} is not null
    group by built.source, built.account_id, built.post_id
    {%- endfor %}
    {%- endif %}
),

gains as (
    select
        source,
        account_id,
        post_id,
        snapshot_day,
        metric,
        lifetime - coalesce(
            lag(lifetime) over (
                partition by source, account_id, post_id, metric
                order by snapshot_day asc nulls last
            ), 0
        ) as gain
    from observations
),

gains_by_post as (
    select
        source,
        account_id,
        post_id,
        snapshot_day,
        {%- for metric in metrics %}
        cast(sum(case when metric = '{{ metric }}' then gain end) as bigint) as {{ metric }}{{ ',' if not loop.last }}
        {%- endfor %}
    from gains
    group by source, account_id, post_id, snapshot_day
),

numbered as (
    select
        source,
        platform,
        account_id,
        post_id,
        published_date,
        snapshot_day,
        lake_account,
        row_number() over (
            partition by source, account_id, post_id
            order by snapshot_day asc nulls last
        ) as snapshot_number
    from snapshots
),

{%- if is_incremental() %}
known_before as (
    select distinct
        built.source,
        built.account_id,
        built.post_id
    from {{ this }} as built
    inner join {{ affected() }} as changed
        on
            built.source = changed.source
            and built.lake_account = changed.account
            and built.last_lake_day < changed.lake_day
),
{%- endif %}

dated as (
    select
        numbered.source,
        numbered.platform,
        numbered.account_id,
        numbered.post_id,
        case
            when numbered.snapshot_number > 1 then numbered.snapshot_day
            {%- if is_incremental() %}
            when known_before.post_id is not null then numbered.snapshot_day
            {%- endif %}
            else least(numbered.published_date, numbered.snapshot_day)
        end as date_day,
        numbered.snapshot_day,
        numbered.lake_account
    from numbered
    {%- if is_incremental() %}
    left join known_before
        on
            numbered.source = known_before.source
            and numbered.account_id = known_before.account_id
            and numbered.post_id = known_before.post_id
    {%- endif %}
)

select
    {{ surrogate_key(['dated.source', 'dated.account_id', 'dated.post_id', 'dated.snapshot_day']) }} as post_daily_key,
    {{ surrogate_key(['dated.source', 'dated.account_id', 'dated.post_id']) }} as post_key,
    dated.source,
    dated.platform,
    dated.account_id,
    dated.post_id,
    dated.date_day,
    {%- for metric in metrics %}
    gains_by_post.{{ metric }},
    {%- endfor %}
    dated.lake_account,
    dated.snapshot_day as first_lake_day,
    dated.snapshot_day as last_lake_day
from dated
left join gains_by_post
    on
        dated.source = gains_by_post.source
        and dated.account_id = gains_by_post.account_id
        and dated.post_id = gains_by_post.post_id
        and dated.snapshot_day = gains_by_post.snapshot_day
