select
    visitor_id,
    source,
    account_id,
    person_id,
    link_basis,
    link_session_key,
    first_seen_at,
    last_seen_at,
    sessions
from {{ ref('int_visitors__linked') }}
