select
    account_id,
    {{ meta_insight_metrics() }}
from {{ source('meta_ads', 'insights_account') }}
