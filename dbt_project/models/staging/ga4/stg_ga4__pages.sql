select
    property_id,
    date as date_day,
    page_path,
    screen_page_views,
    total_users
from {{ source('ga4', 'pages') }}
