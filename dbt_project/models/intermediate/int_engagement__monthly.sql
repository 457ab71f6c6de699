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

writings as (
    select
        platform,
        author_id,
        created_at as wrote_at
    from {{ ref('fct_content') }}
    where author_id is not null and not is_own
    union all
    select
        platform,
        author_id,
        published_at as wrote_at
    from {{ ref('dim_post') }}
    where author_id is not null and author_kind = 'visitor'
),

links as (
    select distinct
        share_id,
        person_id
    from {{ ref('fct_share') }}
    where share_id is not null and person_id is not null
),

deeds as (
    select
        coalesce(
            accounts.person_id, {{ surrogate_key(["'platform'", 'writings.platform', 'writings.author_id']) }}
        ) as person_id,
        {{ reporting_date('writings.wrote_at') }} as day,
        writings.wrote_at,
        cast(null as timestamp) as shared_at,
        false as has_referred,
        accounts.person_id is null as is_public
    from writings
    left join linked_accounts as accounts
        on writings.platform = accounts.platform and writings.author_id = accounts.platform_user_id
    union all
    select
        person_id,
        share_date as day,
        cast(null as timestamp) as wrote_at,
        shared_at,
        false as has_referred,
        false as is_public
    from {{ ref('fct_share') }}
    where person_id is not null
    union all
    select
        links.person_id,
        orders.order_date as day,
        cast(null as timestamp) as wrote_at,
        cast(null as timestamp) as shared_at,
        true as has_referred,
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
    {{ month_start('day') }} as month,
    case
        when count(wrote_at) > 0 and bool_or(has_referred) then 'advocate'
        when count(wrote_at) > 0 then 'author'
        else 'sharer'
    end as engagement,
    bool_or(is_public) as is_public,
    count(wrote_at) as writings,
    max(wrote_at) as last_wrote_at,
    count(shared_at) as shares
from deeds
group by person_id, {{ month_start('day') }}
having count(wrote_at) > 0 or count(shared_at) > 0
