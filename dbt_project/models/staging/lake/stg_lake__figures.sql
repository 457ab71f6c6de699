{# A table, like the files: figures of one run are those of one state of the lake. #}
{{ config(materialized='table') }}

with
versions as (
    select * from {{ source('lake', 'files') }}
    union all
    select * from {{ source('lake', 'versions') }}
)

select
    cast(versions.source as string) as source,
    cast(versions.stream as string) as stream,
    cast(versions.account as string) as account,
    cast(versions.dt as date) as lake_day,
    cast(versions.known_at as timestamp) as known_at,
    cast(versions.status as string) as status,
    cast(total.key as string) as metric,
    cast(total.value as decimal(38, 6)) as amount
from versions
{{ explode(json_pairs('versions.totals'), 'total') }}
where total.value is not null
