{# Which segment of each family each person (or order without a known person) belongs to in each month,
   and what they ordered in it. Every order of a month is in exactly one segment of every family. #}

{%- for family, column in (trait_families() | dictsort) + (standing_families() | dictsort) %}
select
    month,
    '{{ family }}' as segment_family,
    {{ column }} as segment,
    member_id,
    person_id,
    orders,
    net_revenue
from {{ ref('int_members__monthly') }}
where {{ column }} is not null
{{ 'union all' if not loop.last }}
{%- endfor %}
