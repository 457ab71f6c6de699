-- No spend is lost on the way to the mart, under any model.
with
facts as (
    select
        source,
        account_id,
        date_day,
        sum(spend) as spend_native,
        sum(spend_reporting) as spend
    from {{ ref('fct_ad_daily') }}
    group by source, account_id, date_day
),

marts as (
    select
        source,
        account_id,
        date_day,
        attribution_model,
        sum(spend_native) as spend_native,
        sum(spend) as spend
    from {{ ref('mart_campaign_roi') }}
    where spend_native is not null
    group by source, account_id, date_day, attribution_model
),

models as (
    {{ attribution_model_rows() }}
)

select
    facts.source,
    facts.account_id,
    facts.date_day,
    models.attribution_model,
    facts.spend,
    marts.spend as spend_in_mart
from facts
cross join models
left join marts
    on
        facts.source = marts.source
        and facts.account_id = marts.account_id
        and facts.date_day = marts.date_day
        and models.attribution_model = marts.attribution_model
where
    facts.spend is distinct from marts.spend
    or facts.spend_native is distinct from marts.spend_native
