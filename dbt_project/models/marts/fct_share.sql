{# What customers and visitors pass on, by the site's `share` events, and what came of it.

   A link is known by the event's `share_id`, else by its `item_id`, where one person alone shared it; what
   several share under one id is a thing, not somebody's link. A parent was shared before the order that it won,
   and that order placed before its customer shares in turn: so a cascade ends, however deep it is. #}
with recursive
events as (
    select distinct
        property_id as account_id,
        {{ visitor_key("'files'", 'property_id', 'user_pseudo_id') }} as visitor_id,
        event_microseconds,
        batch_event_index,
        event_at as shared_at,
        share_method,
        content_type,
        item_id,
        coalesce(share_id, item_id) as link_id
    from {{ ref('int_shares__from_events') }}
),

keyed as (
    select
        {{ surrogate_key([
            "'files'", 'account_id', 'visitor_id', 'event_microseconds', 'batch_event_index', 'share_method',
            'content_type', 'item_id', 'link_id'
        ]) }} as share_key,
        *
    from events
),

sharers as (
    select
        keyed.*,
        visitors.person_id,
        coalesce(visitors.person_id, keyed.share_key) as sharer,
        coalesce(visitors.link_basis in ('purchase', 'sign_in'), false) as is_known
    from keyed
    left join {{ ref('int_visitors__linked') }} as visitors
        on keyed.visitor_id = visitors.visitor_id
),

numbered as (
    select
        *,
        link_id is not null
        and min(sharer) over (partition by link_id) = max(sharer) over (partition by link_id) as is_own_link,
        row_number() over (
            partition by link_id
            order by shared_at asc nulls last, share_key asc nulls last
        ) as link_number
    from sharers
),

links as (
    select
        share_key,
        link_id,
        sharer,
        shared_at
    from numbered
    where is_own_link and link_number = 1
),

visits as (
    select
        links.share_key,
        count(*) as visits
    from {{ ref('fct_session') }} as sessions
    inner join links
        on sessions.session_content = links.link_id
    inner join {{ ref('int_visitors__linked') }} as visitors
        on sessions.visitor_id = visitors.visitor_id
    where sessions.channel = 'shared_link' and visitors.person_id <> links.sharer
    group by links.share_key
),

conversions as (
    select
        links.share_key,
        credits.person_id,
        orders.ordered_at,
        credits.is_first_order,
        credits.attributed_revenue_reporting as net_revenue,
        credits.attributed_margin_reporting as margin
    from {{ ref('fct_touch_credit') }} as credits
    inner join links
        on credits.touch_content = links.link_id
    inner join {{ ref('fct_order') }} as orders
        on credits.order_key = orders.order_key
    where
        credits.attribution_model = 'first_touch'
        and credits.touch_number = 1
        and credits.channel = 'shared_link'
        and not credits.is_credit_note
        and coalesce(credits.person_id, credits.order_key) <> links.sharer
),

brought as (
    select
        share_key,
        count(*) as orders,
        count(case when is_first_order then 1 end) as first_orders,
        sum(net_revenue) as net_revenue,
        case when count(margin) = count(*) then sum(margin) end as margin
    from conversions
    group by share_key
),

tied as (
    select
        numbered.share_key,
        parents.share_key as parent_share_key
    from numbered
    left join conversions as won
        on
            numbered.person_id = won.person_id
            and numbered.shared_at >= won.ordered_at
            and won.is_first_order
    left join links as parents
        on won.share_key = parents.share_key and numbered.shared_at > parents.shared_at
),

cascades as (
    select
        share_key,
        parent_share_key,
        0 as depth
    from tied
    where parent_share_key is null
    union all
    select
        tied.share_key,
        tied.parent_share_key,
        cascades.depth + 1 as depth
    from tied
    inner join cascades
        on tied.parent_share_key = cascades.share_key
)

select
    numbered.share_key,
    'files' as source,
    numbered.account_id,
    case when numbered.is_own_link then numbered.link_id end as share_id,
    numbered.person_id,
    numbered.is_known,
    numbered.shared_at,
    {{ reporting_date('numbered.shared_at') }} as share_date,
    numbered.share_method as method,
    numbered.content_type,
    numbered.item_id as content_id,
    cascades.parent_share_key,
    cast(cascades.depth as bigint) as depth,
    case when numbered.is_own_link then cast(coalesce(visits.visits, 0) as bigint) end as visits,
    case when numbered.is_own_link then cast(coalesce(brought.orders, 0) as bigint) end as orders,
    case when numbered.is_own_link then cast(coalesce(brought.first_orders, 0) as bigint) end as first_orders,
    case when numbered.is_own_link then {{ to_money('coalesce(brought.net_revenue, 0)') }} end as net_revenue_reporting,
    case
        when numbered.is_own_link and brought.share_key is null then cast(0 as decimal(18, 4))
        else {{ to_money('brought.margin') }}
    end as margin_reporting
from numbered
left join cascades
    on numbered.share_key = cascades.share_key
left join visits
    on numbered.share_key = visits.share_key
left join brought
    on numbered.share_key = brought.share_key
