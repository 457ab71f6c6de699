{# Which records are of whom, and by what evidence: what joins a person can be looked up, and doubted. #}
with
records as (
    select
        person_id,
        kind,
        evidence,
        source,
        account_id,
        record_id,
        known_since
    from {{ ref('int_persons__identities') }}
    where kind <> 'order'
    union all
    select
        person_id,
        'visitor' as kind,
        link_basis as evidence,
        source,
        account_id,
        visitor_id as record_id,
        first_seen_at as known_since
    from {{ ref('int_visitors__linked') }}
    where link_basis in ('purchase', 'sign_in', 'user_id')
)

select
    {{ surrogate_key(['kind', 'source', 'account_id', 'record_id']) }} as identity_key,
    person_id,
    kind,
    source,
    account_id,
    evidence,
    known_since
from records
