{# Who takes part in a month, and what customers bring each other. Everybody is in one country, so countries of
   a month add up; months do not, since somebody may take part in several. #}
with
persons as (
    select
        person_id,
        {# Where a mere visitor comes from, GA4 names in its own words. #}
        coalesce(case when is_known then country end, 'unknown') as country,
        is_known,
        first_order_at
    from {{ ref('dim_person') }}
),

{# Before the first of its kind that was read, whether there was any is unknown. #}
known_since as (
    select
        (select min({{ month_start('share_date') }}) from {{ ref('fct_share') }}) as shares,
        (select min(case when writings > 0 then month end) from {{ ref('int_engagement__monthly') }}) as writings,
        (select min(month) from {{ ref('int_engagement__monthly') }}) as engagement,
        (select min({{ month_start(reporting_date('started_at')) }}) from {{ ref('fct_session') }}) as visits
),

customers as (
    select
        customers.month,
        persons.country,
        count(*) as active_customers
    from {{ ref('int_customers__monthly') }} as customers
    inner join persons
        on customers.person_id = persons.person_id
    where customers.lifecycle_stage in ('new', 'active', 'reactivated')
    group by customers.month, persons.country
),

joined as (
    select
        person_id,
        {{ month_start(reporting_date('min(known_since)')) }} as month
    from {{ ref('int_persons__identities') }}
    where is_crm_member and known_since is not null
    group by person_id
),

engaged as (
    select
        engagement.month,
        coalesce(persons.country, 'unknown') as country,
        count(*) as engagers,
        count(earlier.person_id) as returning_engagers,
        count(case when persons.first_order_at <= engagement.last_wrote_at then 1 end) as authors,
        count(case when persons.is_known and engagement.shares > 0 then 1 end) as sharers,
        sum(coalesce(customers.orders, 0)) as engager_orders,
        sum(engagement.shares) as engager_shares,
        count(joined.person_id) as engager_sign_ups
    from {{ ref('int_engagement__monthly') }} as engagement
    left join {{ ref('int_engagement__monthly') }} as earlier
        on
            engagement.person_id = earlier.person_id
            and earlier.month = cast(engagement.month - interval 1 month as date)
    left join persons
        on engagement.person_id = persons.person_id
    left join {{ ref('int_customers__monthly') }} as customers
        on engagement.person_id = customers.person_id and engagement.month = customers.month
    left join joined
        on engagement.person_id = joined.person_id and engagement.month = joined.month
    group by engagement.month, coalesce(persons.country, 'unknown')
),

shares as (
    select
        {{ month_start('shares.share_date') }} as month,
        coalesce(persons.country, 'unknown') as country,
        count(*) as shares,
        count(case when shares.is_known then 1 end) as customer_shares,
        count(case when shares.depth > 0 then 1 end) as passed_on_shares
    from {{ ref('fct_share') }} as shares
    left join persons
        on shares.person_id = persons.person_id
    group by {{ month_start('shares.share_date') }}, coalesce(persons.country, 'unknown')
),

links as (
    select
        share_id,
        person_id,
        bool_or(is_known) as is_customers
    from {{ ref('fct_share') }}
    where share_id is not null and person_id is not null
    group by share_id, person_id
),

visits as (
    select
        {{ month_start(reporting_date('sessions.started_at')) }} as month,
        coalesce(persons.country, 'unknown') as country,
        count(*) as visits
    from {{ ref('fct_session') }} as sessions
    inner join {{ ref('int_visitors__linked') }} as visitors
        on sessions.visitor_id = visitors.visitor_id
    left join links
        on sessions.session_content = links.share_id
    left join persons
        on links.person_id = persons.person_id
    where sessions.channel = 'shared_link' and visitors.person_id <> coalesce(links.person_id, 'nobody')
    group by {{ month_start(reporting_date('sessions.started_at')) }}, coalesce(persons.country, 'unknown')
),

{# Orders that began with another person's link or mention. #}
led as (
    select
        {{ month_start('credits.order_date') }} as month,
        coalesce(buyers.country, 'unknown') as country,
        coalesce(sharers.country, 'unknown') as sharer_country,
        credits.attributed_revenue_reporting as net_revenue,
        coalesce(links.is_customers and credits.is_first_order, false) as is_referral
    from {{ ref('fct_touch_credit') }} as credits
    left join links
        on credits.touch_content = links.share_id
    left join persons as buyers
        on credits.person_id = buyers.person_id
    left join persons as sharers
        on links.person_id = sharers.person_id
    where
        credits.attribution_model = 'first_touch'
        and credits.touch_number = 1
        and credits.channel = 'shared_link'
        and not credits.is_credit_note
        and coalesce(credits.person_id, credits.order_key) <> coalesce(links.person_id, 'nobody')
),

orders as (
    select
        month,
        country,
        count(*) as orders,
        sum(net_revenue) as net_revenue
    from led
    group by month, country
),

referrals as (
    select
        month,
        sharer_country as country,
        count(*) as referred_customers
    from led
    where is_referral
    group by month, sharer_country
),

groups as (
    {%- for part in ['customers', 'engaged', 'shares', 'visits', 'orders', 'referrals'] %}
    select
        month,
        country
    from {{ part }}
    {{ 'union' if not loop.last }}
    {%- endfor %}
),

counted as (
    select
        groups.month,
        groups.country,
        coalesce(customers.active_customers, 0) as active_customers,
        case when groups.month >= known_since.writings then coalesce(engaged.authors, 0) end as authors,
        {%- for column in ['sharers', 'engager_shares'] %}
        case when groups.month >= known_since.shares then coalesce(engaged.{{ column }}, 0) end as {{ column }},
        {%- endfor %}
        {%- for column in ['shares', 'customer_shares', 'passed_on_shares'] %}
        case when groups.month >= known_since.shares then coalesce(shares.{{ column }}, 0) end as {{ column }},
        {%- endfor %}
        case when groups.month >= known_since.visits then coalesce(visits.visits, 0) end as visits,
        coalesce(orders.orders, 0) as orders,
        coalesce(orders.net_revenue, 0) as net_revenue,
        case when groups.month >= known_since.shares then coalesce(referrals.referred_customers, 0) end
            as referred_customers,
        {%- for column in ['engagers', 'engager_orders', 'engager_sign_ups'] %}
        case when groups.month >= known_since.engagement then coalesce(engaged.{{ column }}, 0) end as {{ column }},
        {%- endfor %}
        case when groups.month > known_since.engagement then coalesce(engaged.returning_engagers, 0) end
            as returning_engagers
    from groups
    cross join known_since
    {%- for part in ['customers', 'engaged', 'shares', 'visits', 'orders', 'referrals'] %}
    left join {{ part }}
        on groups.month = {{ part }}.month and groups.country = {{ part }}.country
    {%- endfor %}
)

select
    {{ surrogate_key(['month', 'country']) }} as word_of_mouth_key,
    month,
    country,
    {%- for column in [
        'active_customers', 'authors', 'sharers', 'shares', 'customer_shares', 'passed_on_shares', 'visits', 'orders'
    ] %}
    cast({{ column }} as bigint) as {{ column }},
    {%- endfor %}
    {{ to_money('net_revenue') }} as net_revenue_reporting,
    {%- for column in [
        'referred_customers', 'engagers', 'returning_engagers', 'engager_orders', 'engager_shares', 'engager_sign_ups'
    ] %}
    cast({{ column }} as bigint) as {{ column }},
    {%- endfor %}
    {{ ratio('authors', 'active_customers') }} as customer_response_rate,
    {{ ratio('sharers', 'active_customers') }} as sharer_rate,
    {{ ratio('customer_shares', 'sharers') }} as shares_per_sharer,
    {{ ratio('referred_customers', 'customer_shares') }} as conversions_per_share,
    {{ ratio('referred_customers', 'sharers') }} as k_factor,
    {{ ratio('returning_engagers', 'engagers') }} as returning_rate,
    {{ ratio('engager_orders + coalesce(engager_shares, 0) + engager_sign_ups', 'engagers') }} as actions_per_engager
from counted
