select
    shop_id,
    comment_id as review_id,
    create_time as created_at,
    item_id as product_id,
    order_sn as order_id,
    buyer_username as author_name,
    nullif(comment, '') as message,
    -- No stars at all are sent as none.
    nullif(rating_star, 0) as rating,
    hidden as is_hidden,
    reply as answer,
    reply_time as answered_at,
    shop_id as lake_account,
    dt as lake_day
from {{ source('shopee', 'product_reviews') }}
