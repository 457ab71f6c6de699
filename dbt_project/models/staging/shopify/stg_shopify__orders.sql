with
{# Ranked by keys alone, of which a day's file has none twice: the lists of an order cost as much to sort as all else
   that is made of them. #}
ranked as (
    select
        shop,
        id,
        dt,
        row_number() over (partition by shop, id order by updated_at desc nulls last, dt desc nulls last) as version_rank
    from {{ source('shopify', 'orders') }}
),

versions as (
    select orders.*
    from {{ source('shopify', 'orders') }} as orders
    inner join ranked
        on orders.shop = ranked.shop and orders.id = ranked.id and orders.dt = ranked.dt
    where ranked.version_rank = 1
)

select
    shop,
    id as order_id,
    name as order_name,
    created_at,
    updated_at,
    cancelled_at,
    lower(financial_status) as financial_status,
    coalesce(test, false) as is_test,
    currency,
    cast(coalesce(subtotal_price, 0) as decimal(18, 4)) as subtotal_amount,
    cast(coalesce(total_discounts, 0) as decimal(18, 4)) as discount_amount,
    cast(coalesce(total_tax, 0) as decimal(18, 4)) as tax_amount,
    cast(coalesce(total_shipping, 0) as decimal(18, 4)) as shipping_amount,
    cast(total_price as decimal(18, 4)) as total_amount,
    cast(coalesce(total_refunded, 0) as decimal(18, 4)) as total_refunded,
    customer_id,
    email_sha256_meta as email_sha256,
    -- An address counts whole: a shipping country is never paired with a billing city.
    coalesce(country_code, billing_country_code) as country,
    case
        when country_code is not null then {{ state_name('country_code', 'province') }}
        else {{ state_name('billing_country_code', 'billing_province') }}
    end as province,
    case when country_code is not null then city else billing_city end as city,
    discount_codes,
    source_name as sales_channel,
    line_items,
    refunds,
    coalesce(journey_ready, false) as journey_ready,
    moments,
    shop as lake_account,
    dt as lake_day
from versions
