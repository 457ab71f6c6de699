{# Who did something for the company in each month besides buying, by the strongest that they did: wrote to it
   or about it and brought an order of somebody else (advocate), wrote (author), or shared (sharer). No
   platform tells who reacted. An account on a platform behind which nobody is known is a person of its own. #}
{{ config(materialized='table') }}

with
linked_accounts as (
    select
        platform,
        platform_user_id,
        min(person_id) as person_id
    from {{ ref('int_persons__identities') }}
    where platform_user_id is not null
    group by platform, platform_user_id
    having count(distinct person_id) = 1
),

shares as (
    select
        visitors.person_id,
        {{ month_start('events.event_date') }} as month,
        events.share_id
    from {{ ref('int_sessions__from_events') }} as events
    inner join {{ ref('int_visitors__linked') }} as visitors
        on {{ visitor_key('events.source', 'events.account_id', 'events.user_pseudo_id') }} = visitors.visitor_id
    where events.event_name = 'share'
),

{# What several persons shared under one id is a thing, not somebody's link. #}
links as (
    select
        share_id,
        min(person_id) as person_id
    from shares
    where share_id is not null
    group by share_id
    having count(distinct person_id) = 1
),

deeds as (
    select
        coalesce(
            accounts.person_id, {{ surrogate_key(["'platform'", 'content.platform', 'content.author_id']) }}
        ) as person_id,
        {{ month_start('content.created_date') }} as month,
        'wrote' as deed,
        accounts.person_id is null as is_public
    from {{ ref('fct_content') }} as content
    left join linked_accounts as accounts
        on content.platform = accounts.platform and content.author_id = accounts.platform_user_id
    where content.author_id is not null and not content.is_own
    union all
    select
        person_id,
        month,
        'shared' as deed,
        false as is_public
    from shares
    union all
    select
        links.person_id,
        {{ month_start('orders.order_date') }} as month,
        'referred' as deed,
        false as is_public
    from {{ ref('int_touches__unioned') }} as touches
    inner join links
        on touches.touch_content = links.share_id
    inner join {{ ref('fct_order') }} as orders
        on touches.order_key = orders.order_key
    where touches.channel = 'shared_link' and orders.person_id <> links.person_id and not orders.is_credit_note
)

select
    person_id,
    month,
    case
        when bool_or(deed = 'wrote') and bool_or(deed = 'referred') then 'advocate'
        when bool_or(deed = 'wrote') then 'author'
        else 'sharer'
    end as engagement,
    bool_or(is_public) as is_public
from deeds
group by person_id, month
having bool_or(deed in ('wrote', 'shared'))
