{# Browsers and the persons behind them. A purchase names its order, and so its person; a signed-in visit
   names the shop's customer. A purchase outweighs a sign-in, the newest outweighs the older. A visitor
   who did neither is a person of their own: a prospect. #}
{{ config(materialized='table') }}

with
{# Two shops may use the same order name; such a name tells of no person. #}
persons_by_order_name as (
    select
        order_name,
        min(person_id) as person_id
    from {{ ref('fct_order') }}
    where person_id is not null and order_name is not null
    group by order_name
    having count(*) = 1
),

persons_by_customer as (
    select
        customer_id,
        min(person_id) as person_id
    from (
        select distinct
            customer_id,
            person_id
        from {{ ref('int_persons__identities') }}
        where source = 'shopify' and customer_id is not null
    ) as pairs
    group by customer_id
    having count(*) = 1
),

links as (
    select
        sessions.visitor_id,
        persons.person_id,
        'purchase' as link_basis,
        1 as priority,
        sessions.started_at,
        sessions.session_key
    from {{ ref('fct_session') }} as sessions
    inner join persons_by_order_name as persons
        on sessions.transaction_id = persons.order_name
    union all
    select
        sessions.visitor_id,
        persons.person_id,
        'sign_in' as link_basis,
        2 as priority,
        sessions.started_at,
        sessions.session_key
    from {{ ref('fct_session') }} as sessions
    inner join persons_by_customer as persons
        on sessions.user_id = persons.customer_id
),

ranked_links as (
    select
        visitor_id,
        person_id,
        link_basis,
        row_number() over (
            partition by visitor_id
            order by priority asc nulls last, started_at desc nulls last, session_key asc nulls last
        ) as link_rank
    from links
),

visitors as (
    select
        visitor_id,
        min(source) as source,
        min(account_id) as account_id,
        min(started_at) as first_seen_at,
        max(started_at) as last_seen_at,
        count(*) as sessions,
        {# A place counts whole: country, region and city of one and the same visit. #}
        max(concat_ws('|', cast(started_at as string), session_key)) as last_visit
    from {{ ref('fct_session') }}
    group by visitor_id
)

select
    visitors.visitor_id,
    visitors.source,
    visitors.account_id,
    coalesce(links.person_id, visitors.visitor_id) as person_id,
    coalesce(links.link_basis, 'none') as link_basis,
    visitors.first_seen_at,
    visitors.last_seen_at,
    visitors.sessions,
    last_sessions.country,
    last_sessions.region as province,
    last_sessions.city
from visitors
left join ranked_links as links
    on visitors.visitor_id = links.visitor_id and links.link_rank = 1
left join {{ ref('fct_session') }} as last_sessions
    on
        visitors.visitor_id = last_sessions.visitor_id
        and visitors.last_visit = concat_ws('|', cast(last_sessions.started_at as string), last_sessions.session_key)
