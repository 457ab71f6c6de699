with
told as (
    select
        *,
        {{ country_code('country_code') }} as country
    from {{ source('files', 'orders') }}
)

select
    dataset,
    order_id,
    ordered_at,
    customer_id,
    email_sha256_meta as email_sha256,
    upper(currency) as currency,
    cast(gross_amount as decimal(18, 4)) as lines_amount,
    cast(coalesce(discount_amount, 0) as decimal(18, 4)) as discount_amount,
    cast(coalesce(tax_amount, 0) as decimal(18, 4)) as tax_amount,
    cast(coalesce(shipping_amount, 0) as decimal(18, 4)) as shipping_amount,
    cast(coalesce(refund_amount, 0) as decimal(18, 4)) as refund_amount,
    refunded_at,
    country,
    {{ state_name('country', 'province') }} as province,
    city,
    utm_source,
    utm_medium,
    utm_campaign,
    dt as lake_day
from told
