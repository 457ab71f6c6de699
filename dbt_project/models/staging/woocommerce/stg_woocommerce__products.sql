with
versions as (
    select
        *,
        row_number() over (partition by site, id order by dt desc nulls last) as version_rank
    from {{ source('woocommerce', 'products') }}
)

select
    site,
    id as product_id,
    nullif(parent_id, '0') as parent_id,
    name as title,
    nullif(sku, '') as sku,
    type as product_type,
    cast(price as decimal(18, 4)) as price,
    cast(unit_cost as decimal(18, 4)) as unit_cost,
    dt as lake_day
from versions
where version_rank = 1
