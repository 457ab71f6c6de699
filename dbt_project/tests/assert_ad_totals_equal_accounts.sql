-- Every figure of an account-day equals what the platform gives for the whole account. Days whose
-- account totals were not extracted cannot be compared.
with
facts as (
    select
        source,
        account_id,
        date_day,
        {{ sum_ad_metrics() }}
    from {{ ref('fct_ad_daily') }}
    group by source, account_id, date_day
),

accounts as (
    {{ union_ads('by_account', ['account_id', 'date_day'] + ad_metrics()) }}
),

extracted as (
    {%- for each in ad_sources() %}
    select
        source,
        account as account_id,
        lake_day as date_day
    from {{ ref('stg_lake__files') }}
    where source = '{{ each['source'] }}' and stream = '{{ each['by_account'] }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    extracted.source,
    extracted.account_id,
    extracted.date_day,
    {%- for metric in ad_metrics() %}
    facts.{{ metric }} as {{ metric }}_in_fact,
    accounts.{{ metric }} as {{ metric }}_of_account{{ ',' if not loop.last }}
    {%- endfor %}
from extracted
left join facts
    on
        extracted.source = facts.source
        and extracted.account_id = facts.account_id
        and extracted.date_day = facts.date_day
left join accounts
    on
        extracted.source = accounts.source
        and extracted.account_id = accounts.account_id
        and extracted.date_day = accounts.date_day
where
    {%- for metric in ad_metrics() %}
    coalesce(facts.{{ metric }}, 0) <> coalesce(accounts.{{ metric }}, 0){{ ' or' if not loop.last }}
    {%- endfor %}
