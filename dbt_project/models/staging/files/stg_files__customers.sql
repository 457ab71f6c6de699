with
versions as (
    select
        *,
        {{ country_code('country_code') }} as country,
        row_number() over (partition by dataset, customer_id order by dt desc nulls last) as version_rank
    from {{ source('files', 'customers') }}
)

select
    dataset,
    customer_id,
    shop_customer_id,
    email_sha256_meta as email_sha256,
    {{ gender('gender') }} as gender,
    birth_date,
    age_band,
    country,
    {{ state_name('country', 'province') }} as province,
    city,
    joined_at,
    facebook_user_id,
    traits,
    dt as lake_day
from versions
where version_rank = 1
