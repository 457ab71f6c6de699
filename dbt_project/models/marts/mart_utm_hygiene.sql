{# How well visits and spend find each other, by month: what is matched, and what to mend.

   A campaign has a row for its spend and its visits. Visits of paid channels that lead to no campaign
   have one for their tags, with the campaign whose tag is nearest: the same but for separators, or
   within an eighth of its letters.

   A platform that appends click ids needs no tags to claim its visits, but tells only itself which campaign they
   are of: such visits lack no tag, and spend on that platform is not called unseen beside them. #}
{%- set paid = paid_channels() + ['affiliate'] %}
{%- set campaign = ['month', 'source', 'account_id', 'campaign_id'] %}
with
visits as (
    select
        cast(date_trunc('month', sessions.session_date) as date) as month,
        coalesce(ads.source, campaigns.source) as source,
        coalesce(ads.account_id, campaigns.account_id) as account_id,
        coalesce(ads.campaign_id, campaigns.campaign_id) as campaign_id,
        lower(sessions.session_source) as utm_source,
        lower(sessions.session_medium) as utm_medium,
        {# What stands in brackets is GA4's word for a tag that is not there. #}
        case
            when not {{ is_nothing('sessions.session_campaign') }} and sessions.session_campaign not like '(%)'
                then lower(sessions.session_campaign)
        end as utm_campaign,
        sessions.click_id_kind
    from {{ ref('fct_session') }} as sessions
    left join {{ ref('int_campaigns__link_tags') }} as ads
        on ads.parameter = 'utm_content' and lower(sessions.session_content) = ads.tag
    left join {{ ref('int_campaigns__link_tags') }} as campaigns
        on campaigns.parameter = 'utm_campaign' and lower(sessions.session_campaign) = campaigns.tag
    where
        sessions.channel in ('{{ paid | join("', '") }}')
        or coalesce(ads.campaign_id, campaigns.campaign_id) is not null
),

visited as (
    select
        {{ campaign | join(', ') }},
        count(*) as sessions
    from visits
    where campaign_id is not null
    group by {{ campaign | join(', ') }}
),

{# Platforms whose click ids came, in a month, with visits that nothing else assigns to a campaign. #}
seen_by_click_ids as (
    select distinct
        month,
        {{ ads_of_click_id('click_id_kind') }} as source,
        true as has_click_ids
    from visits
    where campaign_id is null and utm_campaign is null and click_id_kind is not null
),

spent as (
    select
        cast(date_trunc('month', date_day) as date) as month,
        source,
        account_id,
        campaign_id,
        {{ to_money('sum(spend_reporting)') }} as spend
    from {{ ref('fct_ad_daily') }}
    group by cast(date_trunc('month', date_day) as date), source, account_id, campaign_id
    having sum(spend_reporting) > 0
),

of_campaigns as (
    select
        {{ campaign | join(', ') }},
        case
            when visited.sessions is null and seen_by_click_ids.has_click_ids then 'spend_with_click_ids'
            when visited.sessions is null then 'spend_without_visits'
            when spent.spend is null then 'visits_without_spend'
            else 'matched'
        end as finding,
        cast(null as string) as utm_source,
        cast(null as string) as utm_medium,
        cast(null as string) as utm_campaign,
        cast(null as string) as click_id_kind,
        cast(null as string) as suggested_tag,
        coalesce(visited.sessions, 0) as sessions,
        coalesce(spent.spend, cast(0 as decimal(18, 4))) as spend
    from spent
    full join visited using ({{ campaign | join(', ') }})
    left join seen_by_click_ids using (month, source)
),

lost as (
    select
        month,
        utm_source,
        utm_medium,
        utm_campaign,
        case when utm_campaign is null then click_id_kind end as click_id_kind,
        count(*) as sessions
    from visits
    where campaign_id is null
    group by
        month, utm_source, utm_medium, utm_campaign,
        case when utm_campaign is null then click_id_kind end
),

lost_tags as (
    select distinct utm_campaign
    from lost
    where utm_campaign is not null
),

distances as (
    select
        lost_tags.utm_campaign,
        tags.tag,
        tags.source,
        tags.account_id,
        tags.campaign_id,
        levenshtein(translate(lost_tags.utm_campaign, '_ +', '---'), translate(tags.tag, '_ +', '---')) as edits
    from lost_tags
    inner join {{ ref('int_campaigns__link_tags') }} as tags
        on
            tags.parameter = 'utm_campaign'
            and abs(length(lost_tags.utm_campaign) - length(tags.tag)) * 8 <= length(tags.tag)
),

ranked as (
    select
        *,
        row_number() over (
            partition by utm_campaign
            order by edits asc nulls last, tag asc nulls last
        ) as nearness
    from distances
    where edits * 8 <= length(tag)
),

of_tags as (
    select
        lost.month,
        nearest.source,
        nearest.account_id,
        nearest.campaign_id,
        case
            when lost.click_id_kind is not null then 'click_id_only'
            when lost.utm_campaign is null then 'untagged'
            when nearest.tag is null then 'unknown_tag'
            else 'near_miss'
        end as finding,
        lost.utm_source,
        lost.utm_medium,
        lost.utm_campaign,
        lost.click_id_kind,
        nearest.tag as suggested_tag,
        lost.sessions,
        cast(0 as decimal(18, 4)) as spend
    from lost
    left join ranked as nearest
        on lost.utm_campaign = nearest.utm_campaign and nearest.nearness = 1
),

findings as (
    select * from of_campaigns
    union all
    select * from of_tags
),

months as (
    select
        month,
        cast(sum(sessions) as bigint) as month_sessions,
        cast(sum(case when finding in ('matched', 'visits_without_spend') then sessions else 0 end) as bigint)
            as month_sessions_matched,
        {{ to_money('sum(spend)') }} as month_spend,
        {{ to_money("sum(case when finding = 'matched' then spend else 0 end)") }} as month_spend_matched
    from findings
    group by month
)

select
    {{ surrogate_key([
        'findings.month', 'findings.finding', 'findings.source', 'findings.account_id', 'findings.campaign_id',
        'findings.utm_source', 'findings.utm_medium', 'findings.utm_campaign', 'findings.click_id_kind'
    ]) }} as utm_hygiene_key,
    findings.month,
    findings.finding,
    findings.source,
    findings.account_id,
    findings.campaign_id,
    campaigns.campaign_name,
    findings.utm_source,
    findings.utm_medium,
    findings.utm_campaign,
    findings.click_id_kind,
    findings.suggested_tag,
    {{ follows_convention('utm_campaign', 'findings.utm_campaign', 'campaigns.platform', 'findings.month') }}
        as tag_follows_convention,
    findings.sessions,
    findings.spend,
    months.month_sessions,
    months.month_sessions_matched,
    {{ ratio('months.month_sessions_matched', 'months.month_sessions') }} as visit_coverage,
    months.month_spend,
    months.month_spend_matched,
    {{ ratio('months.month_spend_matched', 'months.month_spend') }} as spend_coverage
from findings
inner join months
    on findings.month = months.month
left join {{ ref('dim_campaign') }} as campaigns
    on
        findings.source = campaigns.source
        and findings.account_id = campaigns.account_id
        and findings.campaign_id = campaigns.campaign_id
