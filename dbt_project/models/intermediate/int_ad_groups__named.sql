{# Each group of ads under the name that reports have. #}
{{ config(materialized='table') }}

with
listed as (
    {{ union_ads('ad_groups', ['account_id', 'ad_group_id', 'ad_group_name']) }}
)

select
    source,
    account_id,
    ad_group_id,
    min(ad_group_name) as ad_group_name
from listed
group by source, account_id, ad_group_id
