select
    account_id,
    {{ x_ads_metrics() }}
from {{ source('x_ads', 'stats_account') }}
