{# What was told of a day when it was so many days old, beside what is told of it today. A version is as old
   as the days from its stream-day to the UTC day on which it was first read; a day counts at an age only if
   it was known by then and has grown older since. #}
with
ages as (
    {%- for age in restatement_ages() %}
    select {{ age }} as age_days{{ ' union all' if not loop.last }}
    {%- endfor %}
),

figures as (
    select
        source,
        stream,
        account,
        lake_day,
        metric,
        known_at,
        amount,
        {{ days_between('lake_day', 'cast(known_at as date)') }} as age_days
    from {{ ref('stg_lake__figures') }}
    where status = 'complete'
),

{# When the source last had news: until then its days have grown older, changed or not. #}
sources as (
    select
        source,
        cast(max(known_at) as date) as last_news_on
    from {{ ref('stg_lake__files') }}
    group by source
),

days as (
    select
        figures.source,
        figures.stream,
        figures.account,
        figures.lake_day,
        figures.metric,
        ages.age_days,
        max_by(figures.amount, figures.known_at) filter (where figures.age_days <= ages.age_days) as amount_then,
        max_by(figures.amount, figures.known_at) as amount_now
    from figures
    inner join sources
        on figures.source = sources.source
    inner join ages
        on ages.age_days < {{ days_between('figures.lake_day', 'sources.last_news_on') }}
    group by figures.source, figures.stream, figures.account, figures.lake_day, figures.metric, ages.age_days
),

summed as (
    select
        source,
        stream,
        account,
        metric,
        age_days,
        count(*) as days,
        count(case when amount_then <> amount_now then 1 end) as days_restated,
        cast(sum(amount_then) as decimal(38, 6)) as amount_then,
        cast(sum(amount_now) as decimal(38, 6)) as amount_now,
        cast(sum(abs(amount_now - amount_then)) as decimal(38, 6)) as amount_restated
    from days
    where amount_then is not null
    group by source, stream, account, metric, age_days
)

select
    {{ surrogate_key(['source', 'stream', 'account', 'metric', 'age_days']) }} as restatement_key,
    source,
    stream,
    account as account_id,
    metric,
    age_days,
    days,
    days_restated,
    amount_then,
    amount_now,
    amount_restated,
    {{ ratio('amount_then', 'amount_now') }} as final_share,
    {{ ratio('amount_restated', 'amount_now') }} as restated_share
from summed
