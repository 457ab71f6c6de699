{# One row per known person, with what the best source says of each trait. #}
{{ config(materialized='table') }}

{# Someone on several lists is what weighs most for a company: its own people first. #}
select
    person_id,
    min(known_since) as known_since,
    min_by(gender, claim_rank) filter (where gender is not null) as gender,
    min_by(birth_date, claim_rank) filter (where birth_date is not null) as birth_date,
    min_by(age_band, claim_rank) filter (where age_band is not null) as age_band_told,
    min_by(marketing_state, claim_rank) filter (where marketing_state is not null) as marketing_state,
    bool_or(is_crm_member) as is_crm_member,
    min_by(
        stakeholder,
        case stakeholder when 'employee' then 1 when 'media' then 2 when 'creator' then 3 else 4 end
    ) filter (where stakeholder is not null) as declared_stakeholder,
    min(country) filter (where geo_rank = 1) as country,
    min(province) filter (where geo_rank = 1) as province,
    min(city) filter (where geo_rank = 1) as city
from {{ ref('int_persons__identities') }}
group by person_id
