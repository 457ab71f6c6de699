-- Money in a currency without a rate on its day or shortly before it: extract the rates of those days.
select
    'fct_order' as fact,
    currency,
    order_date as date_day,
    count(*) as affected_rows
from {{ ref('fct_order') }}
where fx_rate is null
group by currency, order_date
union all
select
    'fct_ad_daily' as fact,
    currency,
    date_day,
    count(*) as affected_rows
from {{ ref('fct_ad_daily') }}
where fx_rate is null
group by currency, date_day
