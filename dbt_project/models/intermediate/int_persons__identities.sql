{# What each source says of a person: one row per person, source record and claim, best source first.
   The CRM knows people best; then the shop's customer record; then the order's address. Declared lists
   say only what someone is to the company. #}
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
        city,
        case when email_sha256 is null then 'record' else 'email' end as evidence
    from {{ ref('stg_shopify__customers') }}
),

site_customers as (
    select
        {{ person_key("'woocommerce'", 'site', 'customer_id', 'email_sha256') }} as person_id,
        site,
        customer_id,
        created_at,
        modified_at,
        country,
        province,
        city,
        case when email_sha256 is null then 'record' else 'email' end as evidence
    from {{ ref('stg_woocommerce__customers') }}
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
        case
            when linked.person_id is not null then 'shop_customer'
            when crm.email_sha256 is not null then 'email'
            else 'record'
        end as evidence,
        crm.dataset,
        crm.customer_id,
        crm.shop_customer_id,
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

crm_by_email as (
    select
        email_sha256,
        min(person_id) as person_id
    from crm
    where email_sha256 is not null
    group by email_sha256
    having count(*) = 1
),

crm_by_facebook as (
    select
        facebook_user_id,
        min(person_id) as person_id
    from crm
    where facebook_user_id is not null
    group by facebook_user_id
    having count(*) = 1
),

{# A list names people by address, or by an id on a platform that the CRM may know. #}
declared as (
    select
        coalesce(
            crm_by_email.person_id,
            case when lists.email_sha256 is not null then {{ surrogate_key(["'email'", 'lists.email_sha256']) }} end,
            crm_by_facebook.person_id,
            case
                when lists.platform_user_id is not null
                    then {{ surrogate_key(["'platform'", 'lists.platform', 'lists.platform_user_id']) }}
            end
        ) as person_id,
        case
            when lists.email_sha256 is not null then 'email'
            when crm_by_facebook.person_id is not null then 'platform_account'
            else 'record'
        end as evidence,
        lists.dataset,
        lists.platform,
        lists.platform_user_id,
        {# Whom a list only calls other, and many follow, is a creator. #}
        case
            when lists.stakeholder = 'other' and lists.followers >= {{ var('creator_followers') }} then 'creator'
            else lists.stakeholder
        end as stakeholder,
        lists.lake_day
    from {{ ref('stg_files__people') }} as lists
    left join crm_by_email
        on lists.email_sha256 = crm_by_email.email_sha256
    left join crm_by_facebook
        on lists.platform = 'facebook' and lists.platform_user_id = crm_by_facebook.facebook_user_id
),

claims as (
    select
        person_id,
        'crm' as kind,
        evidence,
        1 as priority,
        3 as geo_priority,
        'files' as source,
        dataset as account_id,
        customer_id as record_id,
        customer_id,
        shop_customer_id,
        cast(lake_day as timestamp) as told_at,
        joined_at as known_since,
        gender,
        birth_date,
        age_band,
        country,
        province,
        city,
        cast(null as string) as marketing_state,
        'facebook' as platform,
        facebook_user_id as platform_user_id,
        cast(null as string) as stakeholder,
        true as is_crm_member
    from crm
    union all
    select
        person_id,
        'shop_customer' as kind,
        evidence,
        2 as priority,
        2 as geo_priority,
        'shopify' as source,
        shop as account_id,
        customer_id as record_id,
        customer_id,
        customer_id as shop_customer_id,
        updated_at as told_at,
        created_at as known_since,
        gender,
        birth_date,
        cast(null as string) as age_band,
        country,
        province,
        city,
        marketing_state,
        cast(null as string) as platform,
        cast(null as string) as platform_user_id,
        cast(null as string) as stakeholder,
        false as is_crm_member
    from shop_customers
    union all
    select
        person_id,
        'shop_customer' as kind,
        evidence,
        2 as priority,
        2 as geo_priority,
        'woocommerce' as source,
        site as account_id,
        customer_id as record_id,
        customer_id,
        cast(null as string) as shop_customer_id,
        modified_at as told_at,
        created_at as known_since,
        cast(null as string) as gender,
        cast(null as date) as birth_date,
        cast(null as string) as age_band,
        country,
        province,
        city,
        cast(null as string) as marketing_state,
        cast(null as string) as platform,
        cast(null as string) as platform_user_id,
        cast(null as string) as stakeholder,
        false as is_crm_member
    from site_customers
    union all
    select
        person_id,
        'order' as kind,
        'record' as evidence,
        3 as priority,
        1 as geo_priority,
        source,
        account_id,
        order_id as record_id,
        customer_id,
        case when source = 'shopify' then customer_id end as shop_customer_id,
        ordered_at as told_at,
        ordered_at as known_since,
        cast(null as string) as gender,
        cast(null as date) as birth_date,
        cast(null as string) as age_band,
        country,
        province,
        city,
        cast(null as string) as marketing_state,
        cast(null as string) as platform,
        cast(null as string) as platform_user_id,
        cast(null as string) as stakeholder,
        false as is_crm_member
    from {{ ref('fct_order') }}
    union all
    select
        person_id,
        'list' as kind,
        evidence,
        4 as priority,
        4 as geo_priority,
        'files' as source,
        dataset as account_id,
        concat(stakeholder, '|', platform, '|', coalesce(platform_user_id, '')) as record_id,
        cast(null as string) as customer_id,
        cast(null as string) as shop_customer_id,
        cast(lake_day as timestamp) as told_at,
        cast(null as timestamp) as known_since,
        cast(null as string) as gender,
        cast(null as date) as birth_date,
        cast(null as string) as age_band,
        cast(null as string) as country,
        cast(null as string) as province,
        cast(null as string) as city,
        cast(null as string) as marketing_state,
        platform,
        platform_user_id,
        stakeholder,
        false as is_crm_member
    from declared
)

select
    person_id,
    kind,
    evidence,
    source,
    account_id,
    record_id,
    customer_id,
    shop_customer_id,
    known_since,
    gender,
    birth_date,
    age_band,
    country,
    province,
    city,
    marketing_state,
    platform,
    platform_user_id,
    stakeholder,
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
