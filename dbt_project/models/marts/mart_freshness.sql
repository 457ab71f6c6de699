{# How far each account's streams reach, and what is wrong with them. #}
with
streams as (
    select
        source,
        stream,
        account,
        min(lake_day) as first_day,
        max(lake_day) as last_day,
        max(case when status = 'complete' then lake_day end) as last_complete_day,
        max(known_at) as last_news_at,
        count(*) as days,
        count(case when status <> 'complete' then 1 end) as days_partial,
        cast(sum(row_count) as bigint) as row_count,
        cast(sum(quarantined) as bigint) as quarantined
    from {{ ref('stg_lake__files') }}
    group by source, stream, account
),

lake as (
    select max(known_at) as last_news_at
    from {{ ref('stg_lake__files') }}
)

select
    {{ surrogate_key(['streams.source', 'streams.stream', 'streams.account']) }} as freshness_key,
    streams.source,
    streams.stream,
    streams.account as account_id,
    streams.first_day,
    streams.last_day,
    streams.last_complete_day,
    streams.last_news_at,
    {{ days_between('streams.last_complete_day', 'cast(lake.last_news_at as date)') }} as days_behind,
    streams.days,
    streams.days_partial,
    {{ days_between('streams.first_day', 'streams.last_day') }} + 1 - streams.days as days_missing,
    streams.row_count,
    streams.quarantined
from streams
cross join lake
