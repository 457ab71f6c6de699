{# Which segment of each family each person (or order without a known person) belongs to in each month,
   and what they ordered in it. Every order of a month is in exactly one segment of every family. Persons
   who have not ordered are here where a list declares them or they did something for the company. #}

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
{{- ' union all' if not loop.last }}
{%- endfor %}
{%- for family in ['stakeholder', 'engagement'] %}
union all
select
    month,
    '{{ family }}' as segment_family,
    {{ family }} as segment,
    person_id as member_id,
    person_id,
    cast(0 as bigint) as orders,
    cast(0 as decimal(18, 4)) as net_revenue
from {{ ref('int_members__others') }}
where {{ family }} is not null
{%- endfor %}
