with
versions as (
    select
        *,
        row_number() over (partition by shop, id order by updated_at desc nulls last, dt desc nulls last) as version_rank
    from {{ source('shopify', 'customers') }}
)

select
    shop,
    id as customer_id,
    created_at,
    updated_at,
    email_sha256_meta as email_sha256,
    lower(marketing_state) as marketing_state,
    number_of_orders,
    country_code as country,
    {{ state_name('country_code', 'province') }} as province,
    city,
    {{ gender('gender') }} as gender,
    try_cast(birth_date as date) as birth_date,
    dt as lake_day
from versions
where version_rank = 1
