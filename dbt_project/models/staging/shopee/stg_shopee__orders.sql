{# Only the income tells which discounts the seller pays: his own on prices, and his vouchers. Where it is
   not known, what prices were lowered by is taken for his. #}
with
versions as (
    select
        *,
        row_number() over (
            partition by shop_id, order_sn order by update_time desc nulls last, dt desc nulls last
        ) as version_rank
    from {{ source('shopee', 'orders') }}
),

newest as (
    select * from versions
    where version_rank = 1
),

listed as (
    select
        newest.shop_id,
        newest.order_sn,
        {{ to_money('sum(line.quantity * line.original_price)') }} as lines_amount,
        {{ to_money('sum(line.quantity * (line.original_price - line.discounted_price))') }} as discount_amount
    from newest
    {{ explode('newest.item_list', 'line') }}
    group by newest.shop_id, newest.order_sn
)

select
    newest.shop_id,
    newest.order_sn as order_id,
    newest.create_time as created_at,
    newest.update_time as updated_at,
    newest.pay_time as paid_at,
    lower(newest.order_status) as status,
    newest.order_status = 'CANCELLED' as is_cancelled,
    newest.pay_time is not null
    or (coalesce(newest.cod, false) and newest.order_status not in ('UNPAID', 'CANCELLED')) as is_paid,
    newest.currency,
    cast(coalesce(newest.income_original_price, listed.lines_amount, 0) as decimal(18, 4)) as lines_amount,
    cast(
        case
            when newest.income_original_price is null then coalesce(listed.discount_amount, 0)
            else coalesce(newest.seller_discount, 0) + coalesce(newest.voucher_from_seller, 0)
        end as decimal(18, 4)
    ) as seller_discount_amount,
    cast(coalesce(newest.buyer_paid_shipping_fee, 0) as decimal(18, 4)) as shipping_amount,
    cast(newest.total_amount as decimal(18, 4)) as total_amount,
    newest.buyer_user_id as customer_id,
    newest.country,
    {{ state_name('newest.country', 'newest.province') }} as province,
    newest.city,
    nullif(newest.cancel_reason, '') as cancel_reason,
    newest.item_list,
    newest.shop_id as lake_account,
    newest.dt as lake_day
from newest
left join listed
    on newest.shop_id = listed.shop_id and newest.order_sn = listed.order_sn
