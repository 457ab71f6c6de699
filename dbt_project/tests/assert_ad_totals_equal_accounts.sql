-- Every figure of an account-day equals what the platform gives for the whole account. Days whose
-- account totals were not extracted cannot be compared.
select
    source,
    account_id,
    date_day,
    metric,
    told,
    built,
    residual
from {{ ref('int_ad_totals__compared') }}
where residual <> 0
