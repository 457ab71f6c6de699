{# The advertising platforms: one entry each brings a platform into every model of advertising. Of each
   there are these staging models, whose columns are those of Meta's (NULL where a platform has none):

   - `stg_<source>__campaigns`, `…<ad_groups>` and `…ads` list what the account holds;
   - `stg_<source>__<by_account>`, `…<by_campaign>`, `…<by_ad>` are the days' figures at three levels,
     each from the lake's stream of that name.

   `channel` is that of its campaigns, where it is not paid_social. `claims` is the window within which a
   purchase is claimed: Meta's by default, elsewhere whatever somebody set for each conversion or ad group. #}
{% macro ad_sources() -%}
    {{ return([
        {
            'source': 'meta_ads',
            'platform': 'meta',
            'claims': '7d_click_1d_view',
            'ad_groups': 'adsets',
            'by_account': 'insights_account',
            'by_campaign': 'insights_campaign',
            'by_ad': 'insights_ad',
        },
        {
            'source': 'tiktok_ads',
            'platform': 'tiktok',
            'claims': 'set_by_ad_group',
            'ad_groups': 'adgroups',
            'by_account': 'reports_advertiser',
            'by_campaign': 'reports_campaign',
            'by_ad': 'reports_ad',
        },
        {
            'source': 'google_ads',
            'platform': 'google',
            'channel': 'paid_search',
            'claims': 'set_by_conversion',
            'ad_groups': 'ad_groups',
            'by_account': 'account_daily',
            'by_campaign': 'campaign_daily',
            'by_ad': 'ad_daily',
        },
        {
            'source': 'linkedin_ads',
            'platform': 'linkedin',
            'claims': 'set_by_conversion',
            'ad_groups': 'ad_groups',
            'by_account': 'account_daily',
            'by_campaign': 'campaign_group_daily',
            'by_ad': 'creative_daily',
        },
        {
            'source': 'x_ads',
            'platform': 'x',
            'claims': 'set_by_conversion',
            'ad_groups': 'line_items',
            'by_account': 'stats_account',
            'by_campaign': 'stats_campaign',
            'by_ad': 'stats_promoted_tweet',
        },
    ]) }}
{%- endmacro %}

{# The streams from which the facts of advertising are made, as `source.stream`. #}
{% macro ad_streams() -%}
    {%- set streams = [] -%}
    {%- for each in ad_sources() -%}
        {%- for level in ['by_account', 'by_campaign', 'by_ad'] -%}
            {%- do streams.append(each['source'] ~ '.' ~ each[level]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(streams) }}
{%- endmacro %}

{# The channel of a source's campaigns. #}
{% macro ad_channel(source) -%}
    case
        {%- for each in ad_sources() if each['channel'] is defined %}
        when {{ source }} = '{{ each['source'] }}' then '{{ each['channel'] }}'
        {%- endfor %}
        else 'paid_social'
    end
{%- endmacro %}

{# The window of a source's claims; NULL where nobody tells. #}
{% macro claim_window(source) -%}
    case {{ source }}
        {%- for each in ad_sources() %}
        when '{{ each['source'] }}' then '{{ each['claims'] }}'
        {%- endfor %}
    end
{%- endmacro %}

{# These columns of a staging model, over all platforms; `level` is a key of `ad_sources`, or the name of a
   listing. #}
{% macro union_ads(level, columns) -%}
    {%- for each in ad_sources() %}
    select
        '{{ each['source'] }}' as source,
        '{{ each['platform'] }}' as platform,
        {{ columns | join(',\n        ') }}
    from {{ ref('stg_' ~ each['source'] ~ '__' ~ each.get(level, level)) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
