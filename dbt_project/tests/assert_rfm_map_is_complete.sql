-- Each of the 125 cells has one of the declared names, and each declared name has a cell.
with
quintiles as (
    {%- for score in range(1, 6) %}
    select {{ score }} as score{{ ' union all' if not loop.last }}
    {%- endfor %}
),

cells as (
    select
        recency.score as recency,
        frequency.score as frequency,
        monetary.score as monetary,
        {{ rfm_segment('recency.score', 'frequency.score', 'monetary.score') }} as segment
    from quintiles as recency
    cross join quintiles as frequency
    cross join quintiles as monetary
),

declared as (
    {%- for segment in rfm_segments() %}
    select '{{ segment }}' as segment{{ ' union all' if not loop.last }}
    {%- endfor %}
)

select
    declared.segment as declared_segment,
    cells.segment as mapped_segment,
    cells.recency,
    cells.frequency,
    cells.monetary
from declared
full join cells
    on declared.segment = cells.segment
where declared.segment is null or cells.segment is null
