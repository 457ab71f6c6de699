-- What ads cost, claim and are credited with adds up to their campaign's, day by day, under every model.
{%- set figures = [
    'spend_native', 'spend', 'impressions', 'clicks', 'claimed_conversions', 'claimed_value', 'attributed_orders',
    'attributed_first_orders', 'attributed_revenue', 'attributed_margin',
] %}
with
campaigns as (
    select *
    from {{ ref('mart_campaign_roi') }}
    where source <> 'none'
),

ads as (
    select
        date_day,
        campaign_key,
        attribution_model,
        {%- for figure in figures[:-1] %}
        sum({{ figure }}) as {{ figure }},
        {%- endfor %}
        case when count(*) = count(attributed_margin) then sum(attributed_margin) end as attributed_margin
    from {{ ref('mart_ad_roi') }}
    group by date_day, campaign_key, attribution_model
)

select
    date_day,
    campaign_key,
    attribution_model,
    campaigns.spend,
    ads.spend as spend_of_ads,
    campaigns.attributed_revenue,
    ads.attributed_revenue as attributed_revenue_of_ads
from campaigns
full join ads
    using (date_day, campaign_key, attribution_model)
where
    {%- for figure in figures %}
    campaigns.{{ figure }} is distinct from ads.{{ figure }}{{ ' or' if not loop.last }}
    {%- endfor %}
