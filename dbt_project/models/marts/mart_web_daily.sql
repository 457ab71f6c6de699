select
    {{ surrogate_key([
        'traffic.property_id', 'traffic.date_day', 'traffic.session_source', 'traffic.session_medium',
        'traffic.session_campaign'
    ]) }} as web_daily_key,
    'ga4' as source,
    traffic.property_id as account_id,
    traffic.date_day,
    traffic.session_source,
    traffic.session_medium,
    traffic.session_campaign,
    traffic.channel,
    traffic.sessions,
    traffic.engaged_sessions,
    traffic.total_users,
    traffic.new_users,
    traffic.screen_page_views,
    traffic.ecommerce_purchases,
    traffic.currency,
    traffic.purchase_revenue,
    {{ to_reporting('traffic.purchase_revenue', fx_rate('traffic.currency')) }} as purchase_revenue_reporting,
    {{ ratio('traffic.engaged_sessions', 'traffic.sessions') }} as engagement_rate,
    {{ ratio('traffic.ecommerce_purchases', 'traffic.sessions') }} as conversion_rate,
    traffic.data_loss_from_other_row,
    traffic.subject_to_thresholding
from {{ ref('stg_ga4__traffic') }} as traffic
left join {{ ref('int_fx_rates__daily') }} as fx
    on traffic.currency = fx.currency and traffic.date_day = fx.date_day
