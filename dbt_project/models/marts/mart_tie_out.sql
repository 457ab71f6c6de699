select
    {{ surrogate_key(['source', 'account_id', 'date_day', 'metric']) }} as tie_out_key,
    source,
    account_id,
    date_day,
    metric,
    told,
    built,
    unallocated,
    residual
from {{ ref('int_ad_totals__compared') }}
