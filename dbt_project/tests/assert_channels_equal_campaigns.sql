-- Over all regions, spend and credit of a channel's month are those of its campaigns, under every model.
{%- set figures = ['spend', 'attributed_orders', 'attributed_first_orders', 'attributed_revenue'] %}
with
channels as (
    select
        month,
        channel,
        attribution_model,
        {%- for figure in figures %}
        sum({{ figure }}) as {{ figure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('mart_channel_roi') }}
    group by month, channel, attribution_model
),

campaigns as (
    select
        {{ month_start('date_day') }} as month,
        channel,
        attribution_model,
        {%- for figure in figures %}
        sum({{ figure }}) as {{ figure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('mart_campaign_roi') }}
    group by {{ month_start('date_day') }}, channel, attribution_model
)

select
    month,
    channel,
    attribution_model,
    channels.spend,
    campaigns.spend as spend_of_campaigns,
    channels.attributed_revenue,
    campaigns.attributed_revenue as attributed_revenue_of_campaigns
from channels
full join campaigns
    using (month, channel, attribution_model)
where
    {%- for figure in figures %}
    channels.{{ figure }} is distinct from campaigns.{{ figure }}{{ ' or' if not loop.last }}
    {%- endfor %}
