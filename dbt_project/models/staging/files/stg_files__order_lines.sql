with
told as (
    select
        *,
        {{ country_code('country_code') }} as country
    from {{ source('files', 'order_lines') }}
)

select
    dataset,
    order_id,
    line_no as line_id,
    ordered_at,
    customer_id,
    sku,
    title,
    quantity,
    cast(unit_price as decimal(18, 4)) as unit_price,
    cast(unit_cost as decimal(18, 4)) as unit_cost,
    cast(quantity * unit_price as decimal(18, 4)) as line_amount,
    upper(currency) as currency,
    country,
    {{ state_name('country', 'province') }} as province,
    city,
    dt as lake_day
from told
