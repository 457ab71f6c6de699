{# A holiday that parts of a country keep under one name comes once for each of them. #}
select
    {{ surrogate_key(['country_code', 'holiday_date', 'holiday_name']) }} as holiday_key,
    country_code,
    holiday_date as date_day,
    holiday_name,
    max(local_name) as local_name,
    bool_or(is_national) as is_national
from {{ ref('stg_holidays__public_holidays') }}
where is_public
group by country_code, holiday_date, holiday_name
