select
    property_id,
    currency,
    date as date_day,
    session_source,
    session_medium,
    session_campaign,
    {{ channel('session_source', 'session_medium', 'session_campaign') }} as channel,
    sessions,
    engaged_sessions,
    total_users,
    new_users,
    screen_page_views,
    ecommerce_purchases,
    cast(purchase_revenue as decimal(18, 4)) as purchase_revenue,
    data_loss_from_other_row,
    subject_to_thresholding
from {{ source('ga4', 'traffic') }}
