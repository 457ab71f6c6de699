with
versions as (
    select
        *,
        row_number() over (partition by site, id order by modified_at desc nulls last, dt desc nulls last) as version_rank
    from {{ source('woocommerce', 'orders') }}
)

select
    site,
    id as order_id,
    number as order_name,
    created_at,
    modified_at,
    paid_at,
    lower(status) as status,
    coalesce(payment_mode = 'test', false) as is_test,
    -- Some gateways leave the payment's instant out: then the status tells that the money came.
    lower(status) <> 'trash'
    and (paid_at is not null or lower(status) in ('processing', 'completed', 'refunded')) as is_paid,
    currency,
    cast(coalesce(discount_total, 0) as decimal(18, 4)) as discount_amount,
    cast(coalesce(total_tax, 0) as decimal(18, 4)) as tax_amount,
    cast(coalesce(shipping_total, 0) as decimal(18, 4)) as shipping_amount,
    cast(total as decimal(18, 4)) as total_amount,
    nullif(customer_id, '0') as customer_id,
    email_sha256_meta as email_sha256,
    payment_method,
    created_via as sales_channel,
    -- An address counts whole: a shipping country is never paired with a billing city.
    coalesce(nullif(shipping_country, ''), nullif(billing_country, '')) as country,
    case
        when nullif(shipping_country, '') is not null then {{ state_name('shipping_country', 'shipping_state') }}
        else {{ state_name('billing_country', 'billing_state') }}
    end as province,
    case
        when nullif(shipping_country, '') is not null then nullif(shipping_city, '') else nullif(billing_city, '')
    end as city,
    source_type as touch_type,
    utm_source as touch_source,
    coalesce(utm_medium, case when source_type = 'typein' then '(none)' when source_type = 'organic' then 'organic' end)
    as touch_medium,
    utm_campaign as touch_campaign,
    utm_content as touch_content,
    line_items,
    refunds,
    site as lake_account,
    dt as lake_day
from versions
where version_rank = 1
