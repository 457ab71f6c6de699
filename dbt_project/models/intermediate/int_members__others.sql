{# Persons of each month who have not ordered, where a list declares them or they did something for the company, and
   the public: what they are to it. #}
{{ config(materialized='table') }}

with
months as (
    select distinct month from {{ ref('int_customers__monthly') }}
),

{# Lists say what somebody is now, and so for every month. #}
declared as (
    select
        months.month,
        persons.person_id,
        persons.declared_stakeholder
    from {{ ref('int_persons__unioned') }} as persons
    cross join months
    where persons.declared_stakeholder is not null
),

engaged as (
    select
        months.month,
        engagement.person_id,
        engagement.engagement,
        engagement.is_public
    from {{ ref('int_engagement__monthly') }} as engagement
    inner join months
        on engagement.month = months.month
),

others as (
    select
        month,
        person_id,
        coalesce(declared.declared_stakeholder, case when engaged.is_public then 'public' end) as stakeholder,
        case when not engaged.is_public then engaged.engagement end as engagement
    from declared
    full join engaged
        using (month, person_id)
)

select
    others.month,
    others.person_id,
    others.stakeholder,
    others.engagement
from others
left join {{ ref('int_members__monthly') }} as members
    on others.person_id = members.person_id and others.month = members.month
where members.member_id is null
