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
    {{ country_code('country_code') }} as country,
    province,
    city,
    dt as lake_day
from {{ source('files', 'order_lines') }}
