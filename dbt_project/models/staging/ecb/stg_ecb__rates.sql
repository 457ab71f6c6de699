select
    date as rate_date,
    currency,
    cast(rate as decimal(18, 6)) as units_per_euro
from {{ source('ecb', 'rates') }}
where rate > 0
