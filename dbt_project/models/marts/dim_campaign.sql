with
pseudo_channels as (
    {%- for channel in channels() %}
    select
        '__{{ channel }}__' as campaign_id,
        '{{ channel | replace("_", " ") | capitalize }}, no campaign' as campaign_name,
        '{{ channel }}' as channel
    union all
    {%- endfor %}
    select
        'unattributed' as campaign_id,
        'Unattributed' as campaign_name,
        'unattributed' as channel
),

unallocated as (
    select distinct
        source,
        platform,
        account_id
    from {{ ref('fct_ad_daily') }}
    where campaign_id = '__unallocated__'
),

unioned as (
    select
        source,
        platform,
        account_id,
        campaign_id,
        coalesce(campaign_name, campaign_id) as campaign_name,
        {{ ad_channel('source') }} as channel,
        objective,
        status,
        start_date,
        stop_date,
        false as is_placeholder
    from {{ ref('int_campaigns__unioned') }}
    union all
    select
        source,
        platform,
        account_id,
        '__unallocated__' as campaign_id,
        'Not allocated to a campaign' as campaign_name,
        {{ ad_channel('source') }} as channel,
        cast(null as string) as objective,
        cast(null as string) as status,
        cast(null as date) as start_date,
        cast(null as date) as stop_date,
        true as is_placeholder
    from unallocated
    union all
    select
        'none' as source,
        'none' as platform,
        'none' as account_id,
        campaign_id,
        campaign_name,
        channel,
        cast(null as string) as objective,
        cast(null as string) as status,
        cast(null as date) as start_date,
        cast(null as date) as stop_date,
        true as is_placeholder
    from pseudo_channels
),

{# A campaign of which no day is known was named by the newest rules. #}
named as (
    select
        *,
        case when not is_placeholder and campaign_name <> campaign_id then campaign_name end as name_to_read,
        coalesce(start_date, date '9999-12-31') as named_on
    from unioned
)

select
    {{ surrogate_key(['source', 'account_id', 'campaign_id']) }} as campaign_key,
    source,
    platform,
    account_id,
    campaign_id,
    campaign_name,
    channel,
    lower(objective) as objective,
    status,
    start_date,
    stop_date,
    {%- for element in naming_elements() %}
    {{ name_element(element, 'campaign_name', 'name_to_read', 'platform', 'named_on') }} as campaign_{{ element }},
    {%- endfor %}
    {{ follows_convention('campaign_name', 'name_to_read', 'platform', 'named_on') }} as name_follows_convention,
    is_placeholder
from named
