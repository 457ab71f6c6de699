{# Money given back, whatever gave it: a refund of a shop, a column of an export, or the negative lines
   of an invoice. #}
with
shopify as (
    select
        'shopify' as source,
        shop as account_id,
        order_id,
        refund_id,
        refunded_at,
        refund_amount,
        note,
        successful_transactions,
        other_transactions
    from {{ ref('stg_shopify__refunds') }}
),

exported_orders as (
    select
        'files' as source,
        dataset as account_id,
        order_id,
        order_id as refund_id,
        coalesce(refunded_at, ordered_at) as refunded_at,
        refund_amount,
        cast(null as string) as note,
        cast(null as bigint) as successful_transactions,
        cast(null as bigint) as other_transactions
    from {{ ref('stg_files__orders') }}
    where refund_amount <> 0
),

exported_lines as (
    select
        'files' as source,
        lines.dataset as account_id,
        lines.order_id,
        lines.order_id as refund_id,
        min(lines.ordered_at) as refunded_at,
        {{ to_money('-sum(lines.line_amount)') }} as refund_amount,
        cast(null as string) as note,
        cast(null as bigint) as successful_transactions,
        cast(null as bigint) as other_transactions
    from {{ ref('stg_files__order_lines') }} as lines
    left join {{ ref('stg_files__orders') }} as orders
        on lines.dataset = orders.dataset and lines.order_id = orders.order_id
    where orders.order_id is null and lines.line_amount < 0
    group by lines.dataset, lines.order_id
),

woocommerce as (
    select
        'woocommerce' as source,
        site as account_id,
        order_id,
        refund_id,
        refunded_at,
        refund_amount,
        note,
        cast(1 as bigint) as successful_transactions,
        cast(0 as bigint) as other_transactions
    from {{ ref('stg_woocommerce__refunds') }}
),

tiktok_shop as (
    select
        'tiktok_shop' as source,
        shop_id as account_id,
        order_id,
        refund_id,
        refunded_at,
        refund_amount,
        note,
        cast(case when is_complete then 1 else 0 end as bigint) as successful_transactions,
        cast(case when is_complete then 0 else 1 end as bigint) as other_transactions
    from {{ ref('stg_tiktok_shop__refunds') }}
),

shopee as (
    select
        'shopee' as source,
        shop_id as account_id,
        order_id,
        refund_id,
        refunded_at,
        refund_amount,
        note,
        cast(case when is_complete then 1 else 0 end as bigint) as successful_transactions,
        cast(case when is_complete then 0 else 1 end as bigint) as other_transactions
    from {{ ref('stg_shopee__refunds') }}
),

unioned as (
    select * from shopify
    union all
    select * from exported_orders
    union all
    select * from exported_lines
    union all
    select * from woocommerce
    union all
    select * from tiktok_shop
    union all
    select * from shopee
)

select
    {{ surrogate_key(['source', 'account_id', 'refund_id']) }} as refund_key,
    {{ surrogate_key(['source', 'account_id', 'order_id']) }} as order_key,
    source,
    account_id,
    order_id,
    refund_id,
    refunded_at,
    refund_amount,
    note,
    successful_transactions,
    other_transactions
from unioned
