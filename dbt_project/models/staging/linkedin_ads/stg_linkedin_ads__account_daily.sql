select
    daily.account_id,
    cast(null as bigint) as reach,
    {{ linkedin_ads_metrics('daily') }}
from {{ source('linkedin_ads', 'account_daily') }} as daily
