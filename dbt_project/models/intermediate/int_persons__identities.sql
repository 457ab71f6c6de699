{# What each source says of a person: one row per person, source record and claim, best source first.
   The CRM knows people best; then the shop's customer record; then the order's address. #}
with
shop_customers as (
    select
        {{ person_key("'shopify'", 'shop', 'customer_id', 'email_sha256') }} as person_id,
        shop,
        customer_id,
        created_at,
        updated_at,
        marketing_state,
        gender,
        birth_date,
        country,
        province,
        city
    from {{ ref('stg_shopify__customers') }}
),

{# A customer number that several shops use tells of no person. #}
persons_by_shop_customer as (
    select
        customer_id,
        min(person_id) as person_id
    from shop_customers
    group by customer_id
    having count(*) = 1
),

crm as (
    select
        coalesce(
            linked.person_id,
            {{ person_key("'files'", 'crm.dataset', 'crm.customer_id', 'crm.email_sha256') }}
        ) as person_id,
        crm.dataset,
        crm.customer_id,
        crm.email_sha256,
        crm.gender,
        crm.birth_date,
        crm.age_band,
        crm.country,
        crm.province,
        crm.city,
        crm.joined_at,
        crm.facebook_user_id,
        crm.lake_day
    from {{ ref('stg_files__customers') }} as crm
    left join persons_by_shop_customer as linked
        on crm.shop_customer_id = linked.customer_id
),

claims as (
    select
        person_id,
        1 as priority,
        3 as geo_priority,
        'files' as source,
        dataset as account_id,
        customer_id as record_id,
        customer_id,
        email_sha256,
        cast(lake_day as timestamp) as told_at,
        joined_at as known_since,
        gender,
        birth_date,
        age_band,
        country,
        province,
        city,
        facebook_user_id,
        cast(null as string) as marketing_state,
        true as is_crm_member
    from crm
    union all
    select
        person_id,
        2 as priority,
        2 as geo_priority,
        'shopify' as source,
        shop as account_id,
        customer_id as record_id,
        customer_id,
        cast(null as string) as email_sha256,
        updated_at as told_at,
        created_at as known_since,
        gender,
        birth_date,
        cast(null as string) as age_band,
        country,
        province,
        city,
        cast(null as string) as facebook_user_id,
        marketing_state,
        false as is_crm_member
    from shop_customers
    union all
    select
        person_id,
        3 as priority,
        1 as geo_priority,
        source,
        account_id,
        order_id as record_id,
        customer_id,
        cast(null as string) as email_sha256,
        ordered_at as told_at,
        ordered_at as known_since,
        cast(null as string) as gender,
        cast(null as date) as birth_date,
        cast(null as string) as age_band,
        country,
        province,
        city,
        cast(null as string) as facebook_user_id,
        cast(null as string) as marketing_state,
        false as is_crm_member
    from {{ ref('fct_order') }}
)

select
    person_id,
    source,
    account_id,
    customer_id,
    email_sha256,
    known_since,
    gender,
    birth_date,
    age_band,
    country,
    province,
    city,
    facebook_user_id,
    marketing_state,
    is_crm_member,
    row_number() over (
        partition by person_id
        order by
            priority asc nulls last, told_at desc nulls last, source asc nulls last, account_id asc nulls last,
            record_id asc nulls last
    ) as claim_rank,
    row_number() over (
        partition by person_id
        order by
            case when country is null then 1 else 0 end asc nulls last, geo_priority asc nulls last,
            told_at desc nulls last, source asc nulls last, account_id asc nulls last, record_id asc nulls last
    ) as geo_rank
from claims
where person_id is not null
