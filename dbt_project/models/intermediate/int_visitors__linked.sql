{# Browsers and the persons behind them. A purchase names its order, and so its person; a signed-in visit
   names the shop's customer. A purchase outweighs a sign-in, the newest outweighs the older. Visitors signed
   in as a customer of whom nothing else is known are one person, whoever that is. A visitor who did none of
   this is a person of their own: a prospect. So is a browser of more persons than `shared_browser_persons`: a
   terminal in a shop tells of none of them. #}
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
            shop_customer_id as customer_id,
            person_id
        from {{ ref('int_persons__identities') }}
        where shop_customer_id is not null
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
    union all
    select
        sessions.visitor_id,
        {{ surrogate_key(["'user'", 'sessions.source', 'sessions.account_id', 'sessions.user_id']) }} as person_id,
        'user_id' as link_basis,
        3 as priority,
        sessions.started_at,
        sessions.session_key
    from {{ ref('fct_session') }} as sessions
    left join persons_by_customer as persons
        on sessions.user_id = persons.customer_id
    where sessions.user_id is not null and persons.customer_id is null
),

shared_browsers as (
    select visitor_id
    from links
    group by visitor_id
    having count(distinct person_id) > {{ var('shared_browser_persons') }}
),

ranked_links as (
    select
        visitor_id,
        person_id,
        link_basis,
        session_key,
        min(started_at) over (partition by visitor_id, person_id) as linked_since,
        row_number() over (
            partition by visitor_id
            order by priority asc nulls last, started_at desc nulls last, session_key asc nulls last
        ) as link_rank
    from links
),

{# A place counts whole: country, region and city of one and the same visit. All of a visitor is told by the row of
   the last visit: to group by visitor and join that visit cost a third more. #}
visits as (
    select
        visitor_id,
        source,
        account_id,
        min(started_at) over (partition by visitor_id) as first_seen_at,
        started_at as last_seen_at,
        count(*) over (partition by visitor_id) as sessions,
        country,
        region,
        city,
        row_number() over (
            partition by visitor_id
            order by started_at desc nulls last, session_key desc nulls last
        ) as newest_rank
    from {{ ref('fct_session') }}
)

select
    visitors.visitor_id,
    visitors.source,
    visitors.account_id,
    case when shared.visitor_id is null then coalesce(links.person_id, visitors.visitor_id) else visitors.visitor_id end
        as person_id,
    case when shared.visitor_id is null then coalesce(links.link_basis, 'none') else 'shared' end as link_basis,
    case when shared.visitor_id is null then links.session_key end as link_session_key,
    {# Since when what the company knows has told that the browser is this person's. #}
    case when shared.visitor_id is null then links.linked_since end as linked_since,
    visitors.first_seen_at,
    visitors.last_seen_at,
    visitors.sessions,
    visitors.country,
    visitors.region as province,
    visitors.city
from visits as visitors
left join ranked_links as links
    on visitors.visitor_id = links.visitor_id and links.link_rank = 1
left join shared_browsers as shared
    on visitors.visitor_id = shared.visitor_id
where visitors.newest_rank = 1
