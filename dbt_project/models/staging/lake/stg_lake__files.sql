{# A table: every fact of one run compares with the same state of the lake, taken before it reads. A file
   that changes meanwhile is then older here than what was read, and is read again by the next run. #}
{{ config(materialized='table') }}

select
    cast(source as string) as source,
    cast(stream as string) as stream,
    cast(account as string) as account,
    cast(dt as date) as lake_day,
    cast(content_hash as string) as content_hash,
    cast(status as string) as status,
    cast(rows as bigint) as row_count,
    cast(quarantined as bigint) as quarantined,
    cast(extracted_at as timestamp) as extracted_at,
    cast(known_at as timestamp) as known_at
from {{ source('lake', 'files') }}
