{# In which state the segments of each family are in each month: another one when the rows that are made of their
   members are to be made again. The public is told by number alone, and so is in none. #}
{{ config(materialized='table') }}

with
newest as (
    select max(month) as newest_month
    from {{ ref('int_members__monthly') }}
    where person_id is not null
),

families as (
    {%- for family in segment_families() %}
    select '{{ family }}' as part
    {{- ' union all' if not loop.last }}
    {%- endfor %}
),

others as (
    select
        month,
        {{ rows_state(['person_id', 'stakeholder', 'engagement']) }} as state
    from {{ ref('int_members__others') }}
    where stakeholder is distinct from 'public'
    group by month
)

select
    members.month,
    families.part,
    concat_ws(
        '|',
        members.state,
        cast(members.month = newest.newest_month as string),
        case when families.part in ('stakeholder', 'engagement') then others.state end
    ) as state
from {{ ref('int_members__states') }} as members
cross join newest
cross join families
left join others
    on members.month = others.month
