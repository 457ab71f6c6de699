select
    {{ surrogate_key(['source', 'account_id', 'date_day']) }} as audience_daily_key,
    source,
    platform,
    account_id,
    date_day,
    {%- for metric in audience_metrics() %}
    max({{ metric }}) as {{ metric }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_audience__unioned') }}
group by source, platform, account_id, date_day
