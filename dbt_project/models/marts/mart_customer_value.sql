{# A model that was refused leaves unknown what depends on it, and says why. #}
with
newest as (
    select max(month) as newest_month from {{ ref('int_customers__valuation') }}
),

refusals as (
    select
        max(case when models.model = 'bgnbd' then models.refused end) as purchases_refused,
        max(case when models.model = 'gamma_gamma' then models.refused end) as spending_refused
    from {{ ref('mart_clv_models') }} as models
    inner join newest
        on models.month = newest.newest_month
),

customers as (
    select
        valuation.month,
        customer.person_id,
        customer.probability_alive,
        customer.expected_purchases,
        customer.expected_purchase_value,
        customer.clv,
        customer.clv_low,
        customer.clv_high,
        customer.decile
    from {{ ref('int_customers__valuation') }} as valuation
    inner join newest
        on valuation.month = newest.newest_month
    {{ explode('valuation.customers', 'customer') }}
)

select
    customers.person_id,
    cast(purchases.frequency as bigint) as repeat_purchases,
    customers.probability_alive,
    customers.expected_purchases,
    customers.expected_purchase_value,
    customers.clv,
    customers.clv_low,
    customers.clv_high,
    cast(customers.decile as int) as decile,
    coalesce(refusals.purchases_refused, refusals.spending_refused) as refused
from customers
inner join {{ ref('int_customers__purchases') }} as purchases
    on customers.person_id = purchases.person_id and customers.month = purchases.month
cross join refusals
