{# One row per known person, with what the best source says of each trait. #}
{{ config(materialized='table') }}

with
traits as (
    select
        person_id,
        min(known_since) as known_since,
        min_by(gender, claim_rank) filter (where gender is not null) as gender,
        min_by(birth_date, claim_rank) filter (where birth_date is not null) as birth_date,
        min_by(age_band, claim_rank) filter (where age_band is not null) as age_band_told,
        min_by(marketing_state, claim_rank) filter (where marketing_state is not null) as marketing_state,
        bool_or(is_crm_member) as is_crm_member
    from {{ ref('int_persons__identities') }}
    group by person_id
),

places as (
    select
        person_id,
        country,
        province,
        city
    from {{ ref('int_persons__identities') }}
    where geo_rank = 1
),

{# Someone on several lists is what weighs most for a company: its own people first. #}
stakeholders as (
    select
        person_id,
        min_by(
            stakeholder,
            case stakeholder when 'employee' then 1 when 'media' then 2 when 'creator' then 3 else 4 end
        ) as stakeholder
    from {{ ref('int_persons__identities') }}
    where stakeholder is not null
    group by person_id
)

select
    traits.person_id,
    traits.known_since,
    traits.gender,
    traits.birth_date,
    traits.age_band_told,
    traits.marketing_state,
    traits.is_crm_member,
    stakeholders.stakeholder as declared_stakeholder,
    places.country,
    places.province,
    places.city
from traits
left join places
    on traits.person_id = places.person_id
left join stakeholders
    on traits.person_id = stakeholders.person_id
