-- A campaign's month won the customers that it is credited with, for what it spent.
with
cohorts as (
    select
        cohort_month,
        campaign_key,
        customers,
        spend
    from {{ ref('mart_cohort_ltv') }}
    where months_since = 0
),

campaigns as (
    select
        {{ month_start('date_day') }} as cohort_month,
        campaign_key,
        sum(attributed_first_orders) as customers,
        sum(spend) as spend
    from {{ ref('mart_campaign_roi') }}
    where attribution_model = '{{ one_touch_model() }}'
    group by {{ month_start('date_day') }}, campaign_key
)

select
    cohort_month,
    campaign_key,
    cohorts.customers,
    campaigns.customers as customers_of_campaign,
    cohorts.spend,
    campaigns.spend as spend_of_campaign
from cohorts
full join campaigns
    using (cohort_month, campaign_key)
where
    coalesce(cohorts.customers, 0) <> coalesce(campaigns.customers, 0)
    or coalesce(cohorts.spend, 0) <> coalesce(campaigns.spend, 0)
