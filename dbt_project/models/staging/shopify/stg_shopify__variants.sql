with
versions as (
    select
        *,
        row_number() over (partition by shop, id order by dt desc nulls last) as version_rank
    from {{ source('shopify', 'variants') }}
)

select
    shop,
    id as variant_id,
    sku,
    title,
    product_id,
    product_type,
    cast(price as decimal(18, 4)) as price,
    cast(unit_cost as decimal(18, 4)) as unit_cost,
    unit_cost_currency,
    dt as lake_day
from versions
where version_rank = 1
