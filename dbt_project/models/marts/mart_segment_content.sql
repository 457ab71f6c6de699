{# A theme is the utm_campaign of the links in posts. Visits by such a link count for it unless an ad brought
   them; orders are those credited to such visits in equal parts. Visits of persons who have not ordered are
   those of prospects; nothing else is known of them. #}
with
themes as (
    select
        lower(utm_campaign) as theme,
        count(*) as posts,
        case when count(*) = 1 then min(post_key) end as post_key
    from {{ ref('dim_post') }}
    where utm_campaign is not null
    group by lower(utm_campaign)
),

responses as (
    select
        {{ month_start('sessions.session_date') }} as month,
        visitors.person_id as member_id,
        lower(sessions.session_campaign) as theme,
        1 as sessions,
        cast(0 as decimal(18, 8)) as orders,
        cast(0 as decimal(18, 4)) as revenue
    from {{ ref('fct_session') }} as sessions
    inner join {{ ref('int_visitors__linked') }} as visitors
        on sessions.visitor_id = visitors.visitor_id
    where sessions.channel not in ('{{ paid_channels() | join("', '") }}')
    union all
    select
        {{ month_start('order_date') }} as month,
        coalesce(person_id, order_key) as member_id,
        lower(touch_campaign) as theme,
        0 as sessions,
        case when is_credit_note then cast(0 as decimal(18, 8)) else credit end as orders,
        attributed_revenue_reporting as revenue
    from {{ ref('fct_touch_credit') }}
    where attribution_model = 'linear' and channel not in ('{{ paid_channels() | join("', '") }}')
),

by_member as (
    select
        responses.month,
        responses.member_id,
        responses.theme,
        sum(responses.sessions) as sessions,
        sum(responses.orders) as orders,
        sum(responses.revenue) as revenue
    from responses
    inner join themes
        on responses.theme = themes.theme
    group by responses.month, responses.member_id, responses.theme
),

families as (
    {%- for family in standing_families() %}
    select
        '{{ family }}' as segment_family,
        '{{ "prospect" if family in ("lifecycle", "stakeholder") else "unknown" }}' as segment_of_prospects
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

parted as (
    select
        by_member.month,
        families.segment_family,
        coalesce(members.segment, families.segment_of_prospects) as segment,
        by_member.theme,
        by_member.sessions,
        by_member.orders,
        by_member.revenue
    from by_member
    cross join families
    left join {{ ref('int_segments__members') }} as members
        on
            by_member.month = members.month
            and by_member.member_id = members.member_id
            and families.segment_family = members.segment_family
),

shown as (
    select
        parted.month,
        parted.segment_family,
        coalesce(sizes.shown_as, parted.segment) as segment,
        parted.theme,
        cast(sum(parted.sessions) as bigint) as sessions,
        cast(sum(parted.orders) as decimal(18, 8)) as attributed_orders,
        {{ to_money('sum(parted.revenue)') }} as attributed_revenue
    from parted
    left join {{ ref('int_segments__sized') }} as sizes
        on
            parted.month = sizes.month
            and parted.segment_family = sizes.segment_family
            and parted.segment = sizes.segment
    group by parted.month, parted.segment_family, coalesce(sizes.shown_as, parted.segment), parted.theme
)

select
    {{ surrogate_key(['shown.month', 'shown.segment_family', 'shown.segment', 'shown.theme']) }} as segment_content_key,
    shown.month,
    shown.segment_family,
    shown.segment,
    shown.theme,
    themes.posts,
    themes.post_key,
    shown.sessions,
    shown.attributed_orders,
    shown.attributed_revenue,
    {{ ratio('shown.attributed_orders', 'shown.sessions') }} as orders_per_session
from shown
inner join themes
    on shown.theme = themes.theme
