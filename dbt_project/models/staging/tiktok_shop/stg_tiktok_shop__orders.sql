with
versions as (
    select
        *,
        row_number() over (partition by shop_id, id order by update_time desc nulls last, dt desc nulls last) as version_rank
    from {{ source('tiktok_shop', 'orders') }}
)

select
    shop_id,
    id as order_id,
    create_time as created_at,
    update_time as updated_at,
    paid_time as paid_at,
    cancel_time as cancelled_at,
    lower(status) as status,
    coalesce(is_sample_order, false) as is_test,
    -- What is sent in place of another order was paid with that one.
    paid_time is not null and not coalesce(is_replacement_order, false) as is_paid,
    currency,
    cast(coalesce(original_total_product_price, 0) as decimal(18, 4)) as lines_amount,
    cast(coalesce(seller_discount, 0) as decimal(18, 4)) as seller_discount_amount,
    cast(coalesce(platform_discount, 0) as decimal(18, 4)) as platform_discount_amount,
    cast(coalesce(tax, 0) as decimal(18, 4)) as tax_amount,
    cast(coalesce(shipping_fee, 0) as decimal(18, 4)) as shipping_amount,
    cast(total_amount as decimal(18, 4)) as total_amount,
    user_id as customer_id,
    country_code as country,
    {{ state_name('country_code', 'province') }} as province,
    city,
    lower(commerce_platform) as sales_channel,
    line_items,
    shop_id as lake_account,
    dt as lake_day
from versions
where version_rank = 1
