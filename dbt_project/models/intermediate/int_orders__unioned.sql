{# Every order of every sales system, in one vocabulary. Amounts are in the order's own currency:

   gross − discounts − refunds − tax − shipping = net

   so gross holds what was charged before discounts, tax and shipping included, and `lines_amount` the
   goods alone. A refund is the money really returned, tax and shipping in it too: a wholly refunded
   order ends below zero by the tax and shipping that the shop had charged. Orders that are no sale (tests,
   samples, never paid, thrown away) stay here, marked, so that an order that becomes one is seen to change. #}
{{ config(materialized='table') }}

with
refunds as (
    select
        source,
        account_id,
        order_id,
        {{ to_money('sum(refund_amount)') }} as refund_amount
    from {{ ref('int_refunds__unioned') }}
    group by source, account_id, order_id
),

shopify as (
    select
        'shopify' as source,
        orders.shop as account_id,
        orders.order_id,
        orders.order_name,
        orders.customer_id,
        orders.email_sha256,
        orders.created_at as ordered_at,
        orders.currency,
        orders.subtotal_amount + orders.discount_amount as lines_amount,
        orders.total_amount + orders.discount_amount as gross_amount,
        orders.discount_amount,
        orders.tax_amount,
        orders.shipping_amount,
        coalesce(refunds.refund_amount, cast(0 as decimal(18, 4))) as refund_amount,
        false as is_credit_note,
        orders.cancelled_at is not null as is_cancelled,
        orders.is_test,
        not orders.is_test as is_sale,
        orders.financial_status,
        orders.sales_channel,
        orders.country,
        orders.province,
        orders.city,
        orders.lake_account,
        orders.lake_day as first_lake_day,
        orders.lake_day as last_lake_day
    from {{ ref('stg_shopify__orders') }} as orders
    left join refunds
        on
            refunds.source = 'shopify'
            and orders.shop = refunds.account_id
            and orders.order_id = refunds.order_id
),

exported_orders as (
    select
        'files' as source,
        dataset as account_id,
        order_id,
        order_id as order_name,
        customer_id,
        email_sha256,
        ordered_at,
        currency,
        lines_amount,
        lines_amount + tax_amount + shipping_amount as gross_amount,
        discount_amount,
        tax_amount,
        shipping_amount,
        refund_amount,
        false as is_credit_note,
        false as is_cancelled,
        false as is_test,
        true as is_sale,
        cast(null as string) as financial_status,
        cast(null as string) as sales_channel,
        country,
        province,
        city,
        dataset as lake_account,
        lake_day as first_lake_day,
        lake_day as last_lake_day
    from {{ ref('stg_files__orders') }}
),

{# Lines without an order make one: what they return (negative lines) is its refund. An invoice that only
   takes goods back is a credit note. #}
orders_of_lines as (
    select
        'files' as source,
        lines.dataset as account_id,
        lines.order_id,
        lines.order_id as order_name,
        min(lines.customer_id) as customer_id,
        cast(null as string) as email_sha256,
        min(lines.ordered_at) as ordered_at,
        min(lines.currency) as currency,
        {{ to_money('coalesce(sum(lines.line_amount) filter (where lines.line_amount > 0), 0)') }} as lines_amount,
        {{ to_money('coalesce(sum(lines.line_amount) filter (where lines.line_amount > 0), 0)') }} as gross_amount,
        cast(0 as decimal(18, 4)) as discount_amount,
        cast(0 as decimal(18, 4)) as tax_amount,
        cast(0 as decimal(18, 4)) as shipping_amount,
        {{ to_money('coalesce(-sum(lines.line_amount) filter (where lines.line_amount < 0), 0)') }} as refund_amount,
        max(lines.quantity) < 0 and sum(lines.line_amount) < 0 as is_credit_note,
        false as is_cancelled,
        false as is_test,
        true as is_sale,
        cast(null as string) as financial_status,
        cast(null as string) as sales_channel,
        min(lines.country) as country,
        min(lines.province) as province,
        min(lines.city) as city,
        lines.dataset as lake_account,
        min(lines.lake_day) as first_lake_day,
        max(lines.lake_day) as last_lake_day
    from {{ ref('stg_files__order_lines') }} as lines
    left join {{ ref('stg_files__orders') }} as orders
        on lines.dataset = orders.dataset and lines.order_id = orders.order_id
    where orders.order_id is null
    group by lines.dataset, lines.order_id
),

woocommerce_lines as (
    select
        site,
        order_id,
        {{ to_money('sum(gross_amount)') }} as lines_amount
    from {{ ref('stg_woocommerce__order_lines') }}
    group by site, order_id
),

woocommerce as (
    select
        'woocommerce' as source,
        orders.site as account_id,
        orders.order_id,
        orders.order_name,
        orders.customer_id,
        orders.email_sha256,
        orders.created_at as ordered_at,
        orders.currency,
        coalesce(lines.lines_amount, cast(0 as decimal(18, 4))) as lines_amount,
        orders.total_amount + orders.discount_amount as gross_amount,
        orders.discount_amount,
        orders.tax_amount,
        orders.shipping_amount,
        coalesce(refunds.refund_amount, cast(0 as decimal(18, 4))) as refund_amount,
        false as is_credit_note,
        orders.status = 'cancelled' as is_cancelled,
        orders.is_test,
        orders.is_paid and not orders.is_test as is_sale,
        orders.status as financial_status,
        orders.sales_channel,
        orders.country,
        orders.province,
        orders.city,
        orders.lake_account,
        orders.lake_day as first_lake_day,
        orders.lake_day as last_lake_day
    from {{ ref('stg_woocommerce__orders') }} as orders
    left join woocommerce_lines as lines
        on orders.site = lines.site and orders.order_id = lines.order_id
    left join refunds
        on
            refunds.source = 'woocommerce'
            and orders.site = refunds.account_id
            and orders.order_id = refunds.order_id
),

{# A refund changes its order without a word in the order itself: the files of both are its own. #}
tiktok_shop_refunds as (
    select
        shop_id,
        order_id,
        {{ to_money('sum(refund_amount)') }} as refund_amount,
        min(lake_day) as first_lake_day,
        max(lake_day) as last_lake_day
    from {{ ref('stg_tiktok_shop__refunds') }}
    group by shop_id, order_id
),

{# What TikTok takes off a price it pays to the seller: only the seller's own discounts lessen revenue. #}
tiktok_shop as (
    select
        'tiktok_shop' as source,
        orders.shop_id as account_id,
        orders.order_id,
        orders.order_id as order_name,
        orders.customer_id,
        cast(null as string) as email_sha256,
        orders.created_at as ordered_at,
        orders.currency,
        orders.lines_amount,
        orders.lines_amount + orders.tax_amount + orders.shipping_amount as gross_amount,
        orders.seller_discount_amount as discount_amount,
        orders.tax_amount,
        orders.shipping_amount,
        coalesce(refunds.refund_amount, cast(0 as decimal(18, 4))) as refund_amount,
        false as is_credit_note,
        orders.cancelled_at is not null as is_cancelled,
        orders.is_test,
        orders.is_paid and not orders.is_test as is_sale,
        orders.status as financial_status,
        orders.sales_channel,
        orders.country,
        orders.province,
        orders.city,
        orders.lake_account,
        least(orders.lake_day, coalesce(refunds.first_lake_day, orders.lake_day)) as first_lake_day,
        greatest(orders.lake_day, coalesce(refunds.last_lake_day, orders.lake_day)) as last_lake_day
    from {{ ref('stg_tiktok_shop__orders') }} as orders
    left join tiktok_shop_refunds as refunds
        on orders.shop_id = refunds.shop_id and orders.order_id = refunds.order_id
),

shopee_refunds as (
    select
        shop_id,
        order_id,
        {{ to_money('sum(refund_amount)') }} as refund_amount,
        min(lake_day) as first_lake_day,
        max(lake_day) as last_lake_day
    from {{ ref('stg_shopee__refunds') }}
    group by shop_id, order_id
),

{# Prices at Shopee hold their tax, and it tells of none. What it takes off a price it pays to the seller. #}
shopee as (
    select
        'shopee' as source,
        orders.shop_id as account_id,
        orders.order_id,
        orders.order_id as order_name,
        orders.customer_id,
        cast(null as string) as email_sha256,
        orders.created_at as ordered_at,
        orders.currency,
        orders.lines_amount,
        orders.lines_amount + orders.shipping_amount as gross_amount,
        orders.seller_discount_amount as discount_amount,
        cast(0 as decimal(18, 4)) as tax_amount,
        orders.shipping_amount,
        coalesce(refunds.refund_amount, cast(0 as decimal(18, 4))) as refund_amount,
        false as is_credit_note,
        orders.is_cancelled,
        false as is_test,
        orders.is_paid as is_sale,
        orders.status as financial_status,
        'shopee' as sales_channel,
        orders.country,
        orders.province,
        orders.city,
        orders.lake_account,
        least(orders.lake_day, coalesce(refunds.first_lake_day, orders.lake_day)) as first_lake_day,
        greatest(orders.lake_day, coalesce(refunds.last_lake_day, orders.lake_day)) as last_lake_day
    from {{ ref('stg_shopee__orders') }} as orders
    left join shopee_refunds as refunds
        on orders.shop_id = refunds.shop_id and orders.order_id = refunds.order_id
),

unioned as (
    select * from shopify
    union all
    select * from exported_orders
    union all
    select * from orders_of_lines
    union all
    select * from woocommerce
    union all
    select * from tiktok_shop
    union all
    select * from shopee
)

select
    {{ surrogate_key(['source', 'account_id', 'order_id']) }} as order_key,
    source,
    account_id,
    order_id,
    order_name,
    customer_id,
    {{ person_key('source', 'account_id', 'customer_id', 'email_sha256') }} as person_id,
    ordered_at,
    {{ reporting_date('ordered_at') }} as order_date,
    currency,
    {{ to_money('lines_amount') }} as lines_amount,
    {{ to_money('gross_amount') }} as gross_amount,
    discount_amount,
    tax_amount,
    shipping_amount,
    refund_amount,
    {{ to_money('gross_amount - discount_amount - refund_amount - tax_amount - shipping_amount') }} as net_amount,
    is_credit_note,
    is_cancelled,
    is_test,
    is_sale,
    financial_status,
    sales_channel,
    country,
    province,
    city,
    {{ geo_key('country', 'province', 'city') }} as geo_id,
    lake_account,
    first_lake_day,
    last_lake_day
from unioned
