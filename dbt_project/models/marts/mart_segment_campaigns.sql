{# Orders are in the segment in which their person was in the order's month; spend is in the segment by which
   a platform breaks it down, and is repeated for each attribution model: a sum is over one model. #}
{{ config(**replaced_by_month('int_segment_returns__states')) }}

with
models as (
    {{ attribution_model_rows() }}
),

credited as (
    select
        {{ month_start('order_date') }} as month,
        coalesce(person_id, order_key) as member_id,
        campaign_key,
        attribution_model,
        sum(case when is_credit_note then 0 else credit end) as orders,
        sum(case when is_first_order then credit else 0 end) as first_orders,
        sum(attributed_revenue_reporting) as revenue,
        {# One order without a known cost leaves the margin of its row unknown. #}
        case when count(*) = count(attributed_margin_reporting) then sum(attributed_margin_reporting) end as margin
    from {{ ref('fct_touch_credit') }}
    where {{ in_affected_months(ref('int_segment_returns__states'), month_start('order_date')) }}
    group by {{ month_start('order_date') }}, coalesce(person_id, order_key), campaign_key, attribution_model
),

members as (
    select
        members.month,
        members.segment_family,
        sizes.shown_as as segment,
        members.member_id
    from {{ ref('int_segments__members') }} as members
    inner join {{ ref('int_segments__sized') }} as sizes
        on
            members.month = sizes.month
            and members.segment_family = sizes.segment_family
            and members.segment = sizes.segment
    where {{ in_affected_months(ref('int_segment_returns__states'), 'members.month') }}
),

attributed as (
    select
        members.month,
        members.segment_family,
        members.segment,
        credited.campaign_key,
        credited.attribution_model,
        cast(sum(credited.orders) as decimal(18, 8)) as attributed_orders,
        cast(sum(credited.first_orders) as decimal(18, 8)) as attributed_first_orders,
        {{ to_money('sum(credited.revenue)') }} as attributed_revenue,
        case when count(*) = count(credited.margin) then {{ to_money('sum(credited.margin)') }} end as attributed_margin
    from credited
    inner join members
        on credited.month = members.month and credited.member_id = members.member_id
    where members.segment_family in ('{{ families_by_campaign() | join("', '") }}')
    group by
        members.month, members.segment_family, members.segment, credited.campaign_key, credited.attribution_model
),

spent as (
    select
        sizes.month,
        sizes.segment_family,
        sizes.shown_as as segment,
        {{ surrogate_key(['spend.source', 'spend.account_id', 'spend.campaign_id']) }} as campaign_key,
        {{ to_money('sum(spend.spend)') }} as spend
    from {{ ref('int_segments__spend') }} as spend
    inner join {{ ref('int_segments__sized') }} as sizes
        on
            spend.month = sizes.month
            and spend.segment_family = sizes.segment_family
            and spend.segment = sizes.segment
    where {{ in_affected_months(ref('int_segment_returns__states'), 'spend.month') }}
    group by
        sizes.month,
        sizes.segment_family,
        sizes.shown_as,
        {{ surrogate_key(['spend.source', 'spend.account_id', 'spend.campaign_id']) }}
),

spent_by_model as (
    select
        spent.*,
        models.attribution_model
    from spent
    cross join models
),

joined as (
    select
        month,
        segment_family,
        segment,
        campaign_key,
        attribution_model,
        spent.spend,
        coalesce(attributed.attributed_orders, cast(0 as decimal(18, 8))) as attributed_orders,
        coalesce(attributed.attributed_first_orders, cast(0 as decimal(18, 8))) as attributed_first_orders,
        coalesce(attributed.attributed_revenue, cast(0 as decimal(18, 4))) as attributed_revenue,
        case
            when attributed.attributed_orders is null then cast(0 as decimal(18, 4))
            else attributed.attributed_margin
        end as attributed_margin
    from attributed
    full join spent_by_model as spent
        using (month, segment_family, segment, campaign_key, attribution_model)
)

select
    {{ surrogate_key([
        'joined.month', 'joined.segment_family', 'joined.segment', 'joined.campaign_key', 'joined.attribution_model'
    ]) }} as segment_campaign_key,
    joined.month,
    joined.segment_family,
    joined.segment,
    joined.campaign_key,
    campaigns.campaign_name,
    campaigns.channel,
    joined.attribution_model,
    joined.spend,
    joined.attributed_orders,
    joined.attributed_first_orders,
    joined.attributed_revenue,
    joined.attributed_margin,
    {{ ratio('joined.attributed_revenue', 'joined.spend') }} as roas
from joined
left join {{ ref('dim_campaign') }} as campaigns
    on joined.campaign_key = campaigns.campaign_key
