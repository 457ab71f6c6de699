with
places as (
    select
        country,
        province,
        city
    from {{ ref('int_orders__unioned') }}
    union
    select
        country,
        province,
        city
    from {{ ref('int_persons__unioned') }}
    union
    select
        country,
        province,
        city
    from {{ ref('int_visitors__linked') }}
    union
    select
        country,
        region as province,
        city
    from {{ ref('fct_session') }}
)

select
    {{ geo_key('country', 'province', 'city') }} as geo_id,
    country,
    province,
    city,
    case
        when city is not null then 'city'
        when province is not null then 'province'
        when country is not null then 'country'
        else 'unknown'
    end as level
from places
