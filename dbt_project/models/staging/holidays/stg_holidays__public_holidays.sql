select
    country_code,
    date as holiday_date,
    name as holiday_name,
    local_name,
    subdivisions,
    coalesce(is_national, false) as is_national,
    coalesce(types like '%Public%', false) as is_public
from {{ source('holidays', 'public_holidays') }}
