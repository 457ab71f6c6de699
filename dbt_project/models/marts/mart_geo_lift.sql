{# What an experiment over regions measured, beside what each attribution model credits its campaign with over
   the same days: where attribution flatters, and where it starves. #}
with
models as (
    {{ attribution_model_rows() }}
),

tests as (
    select
        experiment,
        min(date_day) as first_day,
        max(date_day) as last_day
    from {{ ref('int_geo_tests__daily') }}
    where is_test
    group by experiment
),

campaigns as (
    select distinct
        experiments.experiment,
        tags.source,
        tags.account_id,
        tags.campaign_id
    from {{ ref('stg_files__experiments') }} as experiments
    inner join {{ ref('int_campaigns__link_tags') }} as tags
        on tags.parameter = 'utm_campaign' and lower(experiments.utm_campaign) = tags.tag
),

attributed as (
    select
        tests.experiment,
        credits.attribution_model,
        {{ to_money('sum(credits.attributed_revenue_reporting)') }} as attributed_revenue
    from {{ ref('fct_touch_credit') }} as credits
    inner join campaigns
        on
            credits.campaign_source = campaigns.source
            and credits.campaign_account_id = campaigns.account_id
            and credits.campaign_id = campaigns.campaign_id
    inner join tests
        on
            campaigns.experiment = tests.experiment
            and credits.order_date >= tests.first_day
            and credits.order_date <= tests.last_day
    group by tests.experiment, credits.attribution_model
)

select
    {{ surrogate_key(['measured.experiment', 'models.attribution_model']) }} as geo_lift_key,
    measured.experiment,
    models.attribution_model,
    tests.first_day,
    tests.last_day,
    measured.days_before,
    measured.days,
    measured.spend,
    measured.revenue,
    measured.expected_revenue,
    measured.incremental_revenue,
    measured.incremental_revenue_low,
    measured.incremental_revenue_high,
    measured.iroas,
    measured.iroas_low,
    measured.iroas_high,
    measured.treated_per_control,
    measured.refused,
    coalesce(attributed.attributed_revenue, cast(0 as decimal(18, 4))) as attributed_revenue,
    {{ ratio('coalesce(attributed.attributed_revenue, 0)', 'measured.spend') }} as attributed_roas,
    {{ ratio('coalesce(attributed.attributed_revenue, 0)', 'measured.incremental_revenue') }} as attributed_share
from {{ ref('int_geo_tests__measured') }} as measured
cross join models
left join tests
    on measured.experiment = tests.experiment
left join attributed
    on
        measured.experiment = attributed.experiment
        and models.attribution_model = attributed.attribution_model
