select
    site,
    id as review_id,
    created_at,
    product_id,
    product_name,
    permalink,
    reviewer as author_name,
    email_sha256_meta as email_sha256,
    {{ text_of_html('review') }} as message,
    -- No stars at all are sent as none.
    nullif(rating, 0) as rating,
    verified as is_verified,
    site as lake_account,
    dt as lake_day
from {{ source('woocommerce', 'product_reviews') }}
