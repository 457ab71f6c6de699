{# What was bought, line by line. Negative quantities are goods taken back by a credit note;
   `kept_quantity` is what remains with the customer after edits and refunds. #}
with
shopify as (
    select
        'shopify' as source,
        shop as account_id,
        order_id,
        line_id,
        sku,
        title,
        variant_id,
        product_id,
        quantity,
        kept_quantity,
        unit_price,
        {{ to_money('quantity * unit_price') }} as gross_amount,
        discount_amount,
        cast(null as decimal(18, 4)) as unit_cost
    from {{ ref('stg_shopify__order_lines') }}
),

files as (
    select
        'files' as source,
        dataset as account_id,
        order_id,
        line_id,
        sku,
        title,
        cast(null as string) as variant_id,
        cast(null as string) as product_id,
        quantity,
        quantity as kept_quantity,
        unit_price,
        {{ to_money('quantity * unit_price') }} as gross_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        unit_cost
    from {{ ref('stg_files__order_lines') }}
),

woocommerce as (
    select
        'woocommerce' as source,
        site as account_id,
        order_id,
        line_id,
        sku,
        title,
        variation_id as variant_id,
        product_id,
        quantity,
        kept_quantity,
        unit_price,
        gross_amount,
        discount_amount,
        cast(null as decimal(18, 4)) as unit_cost
    from {{ ref('stg_woocommerce__order_lines') }}
),

tiktok_shop as (
    select
        'tiktok_shop' as source,
        shop_id as account_id,
        order_id,
        line_id,
        sku,
        title,
        variant_id,
        product_id,
        quantity,
        kept_quantity,
        unit_price,
        unit_price as gross_amount,
        seller_discount_amount as discount_amount,
        cast(null as decimal(18, 4)) as unit_cost
    from {{ ref('stg_tiktok_shop__order_lines') }}
),

shopee as (
    select
        'shopee' as source,
        shop_id as account_id,
        order_id,
        line_id,
        sku,
        title,
        variant_id,
        product_id,
        quantity,
        kept_quantity,
        unit_price,
        gross_amount,
        discount_amount,
        cast(null as decimal(18, 4)) as unit_cost
    from {{ ref('stg_shopee__order_lines') }}
),

unioned as (
    select * from shopify
    union all
    select * from files
    union all
    select * from woocommerce
    union all
    select * from tiktok_shop
    union all
    select * from shopee
)

select
    {{ surrogate_key(['source', 'account_id', 'order_id', 'line_id']) }} as order_line_key,
    {{ surrogate_key(['source', 'account_id', 'order_id']) }} as order_key,
    source,
    account_id,
    order_id,
    line_id,
    sku,
    title,
    variant_id,
    product_id,
    quantity,
    kept_quantity,
    unit_price,
    gross_amount,
    discount_amount,
    unit_cost
from unioned
