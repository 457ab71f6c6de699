with
versions as (
    select
        *,
        row_number() over (partition by site, id order by modified_at desc nulls last, dt desc nulls last) as version_rank
    from {{ source('woocommerce', 'customers') }}
)

select
    site,
    id as customer_id,
    created_at,
    modified_at,
    email_sha256_meta as email_sha256,
    lower(role) as role,
    nullif(country, '') as country,
    {{ state_name('country', 'state') }} as province,
    nullif(city, '') as city,
    dt as lake_day
from versions
where version_rank = 1
