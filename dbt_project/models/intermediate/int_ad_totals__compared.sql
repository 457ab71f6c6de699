{# What each platform tells of a whole account-day, beside what the marts have of it. Days whose account
   totals were not extracted cannot be compared; a metric that neither side knows has no row. #}
with
built as (
    select
        source,
        account_id,
        date_day,
        {{ sum_ad_metrics() }}
    from {{ ref('fct_ad_daily') }}
    group by source, account_id, date_day
),

unallocated as (
    select
        source,
        account_id,
        date_day,
        {{ sum_ad_metrics() }}
    from {{ ref('fct_ad_daily') }}
    where ad_id = '__unallocated__'
    group by source, account_id, date_day
),

told as (
    {{ union_ads('by_account', ['account_id', 'date_day'] + ad_metrics()) }}
),

extracted as (
    {%- for each in ad_sources() %}
    select
        source,
        account as account_id,
        lake_day as date_day
    from {{ ref('stg_lake__files') }}
    where source = '{{ each['source'] }}' and stream = '{{ each['by_account'] }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

compared as (
    {%- for metric in ad_metrics() %}
    select
        extracted.source,
        extracted.account_id,
        extracted.date_day,
        '{{ metric }}' as metric,
        cast(told.{{ metric }} as decimal(28, 4)) as told,
        cast(built.{{ metric }} as decimal(28, 4)) as built,
        cast(unallocated.{{ metric }} as decimal(28, 4)) as unallocated
    from extracted
    left join told
        on
            extracted.source = told.source
            and extracted.account_id = told.account_id
            and extracted.date_day = told.date_day
    left join built
        on
            extracted.source = built.source
            and extracted.account_id = built.account_id
            and extracted.date_day = built.date_day
    left join unallocated
        on
            extracted.source = unallocated.source
            and extracted.account_id = unallocated.account_id
            and extracted.date_day = unallocated.date_day
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    source,
    account_id,
    date_day,
    metric,
    told,
    built,
    coalesce(unallocated, cast(0 as decimal(28, 4))) as unallocated,
    cast(
        coalesce(built, cast(0 as decimal(28, 4))) - coalesce(told, cast(0 as decimal(28, 4)))
        as decimal(28, 4)
    ) as residual
from compared
where told is not null or built is not null
