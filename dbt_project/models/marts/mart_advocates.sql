with
referrals as (
    select
        person_id,
        count(*) as shares,
        sum(visits) as visits,
        sum(orders) as orders,
        sum(first_orders) as first_orders,
        sum(net_revenue_reporting) as net_revenue,
        case
            when count(case when orders > 0 then margin_reporting end) = count(case when orders > 0 then 1 end)
                then sum(margin_reporting)
        end as margin,
        max(shared_at) as last_shared_at
    from {{ ref('fct_share') }}
    where person_id is not null
    group by person_id
    having sum(orders) > 0
),

writings as (
    select
        person_id,
        sum(writings) as writings,
        max(last_wrote_at) as last_wrote_at
    from {{ ref('int_engagement__monthly') }}
    group by person_id
)

select
    referrals.person_id,
    cast(
        row_number() over (
            order by referrals.net_revenue desc nulls last, referrals.person_id asc nulls last
        ) as bigint
    ) as advocate_rank,
    cast(referrals.shares as bigint) as shares,
    cast(referrals.visits as bigint) as visits,
    cast(referrals.orders as bigint) as orders,
    cast(referrals.first_orders as bigint) as first_orders,
    {{ to_money('referrals.net_revenue') }} as net_revenue_reporting,
    {{ to_money('referrals.margin') }} as margin_reporting,
    cast(coalesce(writings.writings, 0) as bigint) as writings,
    greatest(referrals.last_shared_at, coalesce(writings.last_wrote_at, referrals.last_shared_at)) as last_active_at
from referrals
left join writings
    on referrals.person_id = writings.person_id
