with
versions as (
    select
        *,
        row_number() over (partition by account, id order by seen_at desc nulls last, dt desc nulls last) as version_rank
    from {{ source('stripe', 'charges') }}
)

select
    account as account_id,
    id as charge_id,
    created_at,
    seen_at,
    lower(status) as status,
    currency,
    cast(amount as decimal(18, 4)) as amount,
    cast(amount_captured as decimal(18, 4)) as captured_amount,
    coalesce(disputed, false) as is_disputed,
    coalesce(livemode, true) as is_live,
    failure_code,
    payment_method_type,
    card_brand,
    order_id,
    {# The site's host name: what stands between https:// and the path. #}
    nullif(split_part(split_part(site_url, '://', 2), '/', 1), '') as order_site,
    account as lake_account,
    dt as lake_day
from versions
where version_rank = 1
