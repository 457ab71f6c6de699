{# The advertising platforms: one entry each brings a platform into every model of advertising. Of each
   there are these staging models, whose columns are those of Meta's (NULL where a platform has none):

   - `stg_<source>__campaigns` and `stg_<source>__ads` list what the account holds;
   - `stg_<source>__<by_account>`, `…<by_campaign>`, `…<by_ad>` are the days' figures at three levels,
     each from the lake's stream of that name.

   `channel` is that of its campaigns, where it is not paid_social. #}
{% macro ad_sources() -%}
    {{ return([
        {
            'source': 'meta_ads',
            'platform': 'meta',
            'by_account': 'insights_account',
            'by_campaign': 'insights_campaign',
            'by_ad': 'insights_ad',
        },
        {
            'source': 'tiktok_ads',
            'platform': 'tiktok',
            'by_account': 'reports_advertiser',
            'by_campaign': 'reports_campaign',
            'by_ad': 'reports_ad',
        },
        {
            'source': 'google_ads',
            'platform': 'google',
            'channel': 'paid_search',
            'by_account': 'account_daily',
            'by_campaign': 'campaign_daily',
            'by_ad': 'ad_daily',
        },
        {
            'source': 'linkedin_ads',
            'platform': 'linkedin',
            'by_account': 'account_daily',
            'by_campaign': 'campaign_group_daily',
            'by_ad': 'creative_daily',
        },
        {
            'source': 'x_ads',
            'platform': 'x',
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
