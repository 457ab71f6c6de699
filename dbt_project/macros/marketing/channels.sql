{# Where a visit came from, in words that every platform shares.

   The rules are those of GA4's default channel group (support.google.com/analytics/answer/9756891), in
   Google's order, so that a channel here is the channel there. Where Google has no rule there is one of
   our own: links that one person gives to another (`shared_link`), messages that the company sends
   (`messaging`), apps and pages of mail, and spellings that tools are known to write. `other` is what
   Google calls Unassigned. #}

{# Channels that touches may have; the order is that of reports. #}
{% macro channels() -%}
    {{ return(paid_channels() + [
        'affiliate', 'shared_link', 'organic_social', 'organic_search', 'organic_video', 'organic_shopping',
        'ai_assistant', 'email', 'messaging', 'sms', 'mobile_push', 'audio', 'referral', 'direct', 'other',
    ]) }}
{%- endmacro %}

{# Those of them that advertising pays for. #}
{% macro paid_channels() -%}
    {{ return([
        'paid_social', 'paid_search', 'paid_shopping', 'paid_video', 'paid_other', 'cross_network', 'display',
    ]) }}
{%- endmacro %}

{# The sites by which a source is known: a name stands for itself and for its hosts (`google` for
   www.google.co.id), one with dots for that host, its country's domains, or that app. Google's list holds
   some eight hundred; these are the ones that a shop in Indonesia or America meets. #}
{% macro sites() -%}
    {{ return({
        'search': [
            'google', 'bing', 'yahoo', 'duckduckgo', 'baidu', 'yandex', 'ecosia', 'naver', 'daum', 'ask', 'aol',
            'sogou', 'qwant', 'startpage', 'search.brave', 'kagi', 'seznam', 'so.com', 'lycos', 'presearch', 'rambler',
            'com.google.android.googlequicksearchbox',
        ],
        'social': [
            'facebook', 'fb', 'fb.me', 'messenger', 'meta', 'instagram', 'ig', 'threads', 'twitter', 'x', 't.co',
            'linkedin', 'lnkd.in', 'tiktok', 'pinterest', 'pin.it', 'reddit', 'redd.it', 'old.reddit', 'snapchat',
            'whatsapp', 'wa.me', 'telegram', 't.me', 'line', 'wechat', 'weixin', 'weibo', 'kakao', 'viber', 'vk',
            'ok.ru', 'quora', 'tumblr', 'discord', 'mastodon', 'bsky.app', 'bluesky', 'kaskus', 'nextdoor',
            'linktr.ee', 'linktree', 'disqus', 'flipboard', 'goodreads', 'tripadvisor', 'yelp', 'xing', 'hootsuite',
            'com.facebook.katana', 'com.facebook.orca', 'com.facebook.lite', 'com.instagram.android',
            'com.instagram.barcelona', 'com.twitter.android', 'com.linkedin.android', 'com.zhiliaoapp.musically',
            'com.ss.android.ugc.trill', 'com.reddit.frontpage', 'com.snapchat.android', 'com.whatsapp.w4b',
            'org.telegram.messenger', 'jp.naver.line.android', 'com.discord',
        ],
        'video': [
            'youtube', 'youtu.be', 'vimeo', 'dailymotion', 'twitch', 'netflix', 'hulu', 'vidio', 'bilibili', 'youku',
            'iqiyi', 'iq.com', 'rumble', 'wistia', 'ted', 'disneyplus', 'com.google.android.youtube',
        ],
        'shopping': [
            'amazon', 'ebay', 'etsy', 'walmart', 'shopify', 'shop.app', 'alibaba', 'aliexpress', 'temu',
            'shein', 'shopee', 'tokopedia', 'lazada', 'bukalapak', 'blibli', 'zalora', 'rakuten', 'mercadolibre',
            'shopping.google', 'shopping.yahoo', 'pricegrabber', 'shopzilla', 'com.tokopedia.tkpd',
            'com.lazada.android', 'com.amazon.mshop.android.shopping',
        ],
        'mail': [
            'mail.google', 'gmail', 'mail.yahoo', 'outlook', 'outlook.live', 'outlook.office', 'mail.yandex', 'mail.ru',
            'mail.aol', 'mail.naver', 'com.google.android.gm', 'com.google.android.gm.lite',
            'com.microsoft.office.outlook', 'com.yahoo.mobile.client.android.mail',
        ],
        'ai_assistant': [
            'chatgpt', 'openai', 'gemini.google', 'bard.google', 'copilot.microsoft', 'copilot.cloud.microsoft',
            'claude.ai', 'perplexity', 'grok', 'deepseek', 'meta.ai', 'mistral', 'com.openai.chatgpt',
            'com.google.android.apps.bard', 'com.microsoft.copilot', 'com.anthropic.claude', 'ai.perplexity.app.android',
        ],
    }) }}
{%- endmacro %}

{# Hosts and apps of the company that appends `fbclid`. #}
{% macro meta_sites() -%}
    {{ return([
        'facebook', 'fb', 'fb.me', 'messenger', 'meta', 'instagram', 'ig', 'threads',
        'com.facebook.katana', 'com.facebook.orca', 'com.facebook.lite', 'com.instagram.android',
        'com.instagram.barcelona',
    ]) }}
{%- endmacro %}

{# Whether a source names one of the sites: by name, by host, or as android-app://… #}
{% macro is_site(source, names) -%}
    {%- set suffix = '([.](com|co|net|org|[a-z][a-z])([.][a-z][a-z])?)?/?$' -%}
    {{ fits('lower(' ~ source ~ ')', '(^|[./])(' ~ names | join('|') | replace('.', '[.]') ~ ')' ~ suffix) }}
{%- endmacro %}

{# The ids that platforms append to the links on which people click. `channel` is what a click with it was;
   `ads` is the source of that platform's figures. Facebook's says where a click was made, and not that it was
   paid for: it comes with posts too. #}
{% macro click_ids() -%}
    {{ return([
        {'kind': 'gclid', 'channel': 'paid_search', 'ads': 'google_ads'},
        {'kind': 'gbraid', 'channel': 'paid_search', 'ads': 'google_ads'},
        {'kind': 'wbraid', 'channel': 'paid_search', 'ads': 'google_ads'},
        {'kind': 'dclid', 'channel': 'display'},
        {'kind': 'msclkid', 'channel': 'paid_search'},
        {'kind': 'ttclid', 'channel': 'paid_social', 'ads': 'tiktok_ads'},
        {'kind': 'twclid', 'channel': 'paid_social', 'ads': 'x_ads'},
        {'kind': 'li_fat_id', 'channel': 'paid_social', 'ads': 'linkedin_ads'},
        {'kind': 'fbclid'},
    ]) }}
{%- endmacro %}

{# Which click id an address carries, or NULL; of several the last, since platforms append theirs. The name of every
   id ends in `id`: to look for that first costs a twentieth of the pattern where there is none. #}
{% macro click_id_kind(page) -%}
    case
        when {{ page }} like '%id=%'
            then nullif(
                regexp_extract({{ page }}, '^.*[?&]({{ click_ids() | map(attribute="kind") | join("|") }})=[^&#]', 1),
                ''
            )
    end
{%- endmacro %}

{# The source of the figures of the platform whose ads have such click ids; NULL where we read none. #}
{% macro ads_of_click_id(kind) -%}
    case
        {%- for each in click_ids() if each['ads'] is defined %}
        when {{ kind }} = '{{ each['kind'] }}' then '{{ each['ads'] }}'
        {%- endfor %}
    end
{%- endmacro %}

{% macro is_nothing(column) -%}
    lower(coalesce({{ column }}, '')) in ('', '(none)', '(not set)', '(direct)', 'direct', 'none')
{%- endmacro %}

{# Whether a medium says that a person gave the link to another. #}
{% macro is_shared(medium) -%}
    {{ fits(
        'lower(' ~ medium ~ ')',
        '^(shared?([-_ ]?links?)?|refer(ral)?[-_ ]?(programm?e?|a[-_ ]?friend)|invit(e|ation)|mentions?|ugc'
        ~ '|word[-_ ]?of[-_ ]?mouth|wom)$'
    ) }}
{%- endmacro %}

{# The channel of a visit by its source, medium and campaign, and the kind of its click id.

   A click id outranks UTM parameters: the platform wrote it at the click, whoever made the link wrote them.
   One that means an ad makes the visit that platform's, and paid, whatever the tags say; of them only the
   campaign's name still counts. `fbclid` makes it Facebook's or Instagram's: paid if the tags are those of
   an ad there, else organic; but a link that says it was shared stays shared. Source and medium of the
   visit stay as they were told. #}
{% macro channel(source, medium, campaign='null', click_id=none) -%}
    {%- set is_cross_network = fits('lower(' ~ campaign ~ ')', 'cross-network') -%}
    {%- set is_of_shop = fits('lower(' ~ campaign ~ ')', '^(.*(([^a-df-z]|^)shop|shopping).*)$') -%}
    {%- set is_paid = fits('lower(' ~ medium ~ ')', '^(.*cp.*|ppc|retargeting|paid.*|social[-_ ]paid)$') -%}
    {%- set has_shopping_site = is_site(source, sites()['shopping']) -%}
    {%- set has_social_site = is_site(source, sites()['social']) -%}
    {%- set has_video_site = is_site(source, sites()['video']) -%}
    {%- set has_search_site = is_site(source, sites()['search']) -%}
    {%- set says_mail = "in ('email', 'e-mail', 'e_mail', 'e mail')" -%}
    case
        {%- if click_id is not none %}
        when {{ click_id }} is not null and {{ is_cross_network }} then 'cross_network'
        {%- for each in click_ids() if each['channel'] is defined %}
        when {{ click_id }} = '{{ each['kind'] }}'
            {%- if each['channel'].startswith('paid_') %}
            then case when {{ is_of_shop }} then 'paid_shopping' else '{{ each['channel'] }}' end
            {%- else %}
            then '{{ each['channel'] }}'
            {%- endif %}
        {%- endfor %}
        when {{ click_id }} = 'fbclid' and not {{ is_shared(medium) }}
            then
                case
                    when {{ is_paid }} and ({{ is_nothing(source) }} or {{ is_site(source, meta_sites()) }})
                        then 'paid_social'
                    else 'organic_social'
                end
        {%- endif %}
        when {{ is_nothing(source) }} and {{ is_nothing(medium) }} and coalesce({{ source }}, '') <> '(not set)'
            then 'direct'
        when {{ is_cross_network }} then 'cross_network'
        when {{ is_shared(medium) }} then 'shared_link'
        when lower({{ medium }}) in ('messaging', 'chat') then 'messaging'
        when {{ is_paid }}
            then
                case
                    when {{ is_of_shop }} or {{ has_shopping_site }} then 'paid_shopping'
                    when {{ has_search_site }} then 'paid_search'
                    when {{ has_social_site }} then 'paid_social'
                    when {{ has_video_site }} then 'paid_video'
                    when lower({{ medium }}) = 'cpm' then 'display'
                    else 'paid_other'
                end
        when lower({{ medium }}) in ('display', 'banner', 'expandable', 'interstitial') then 'display'
        {# Hosts of search engines that are none. #}
        when lower({{ medium }}) = 'ai-assistant' or {{ is_site(source, sites()['ai_assistant']) }} then 'ai_assistant'
        when {{ is_site(source, sites()['mail']) }} then 'email'
        when {{ is_of_shop }} or {{ has_shopping_site }} then 'organic_shopping'
        when
            lower({{ medium }}) in (
                'social', 'social-network', 'social-media', 'sm', 'social network', 'social media',
                'organic_social', 'organic-social', 'post'
            )
            or {{ has_social_site }} then 'organic_social'
        when {{ fits('lower(' ~ medium ~ ')', 'video') }} or {{ has_video_site }} then 'organic_video'
        when lower({{ medium }}) in ('organic', 'seo') or {{ has_search_site }} then 'organic_search'
        when lower({{ medium }}) in ('referral', 'app', 'link') then 'referral'
        when
            lower({{ medium }}) {{ says_mail }} or lower({{ source }}) {{ says_mail }}
            or lower({{ medium }}) = 'newsletter' then 'email'
        when lower({{ medium }}) in ('affiliate', 'affiliates') then 'affiliate'
        when lower({{ medium }}) = 'audio' then 'audio'
        when lower({{ medium }}) = 'sms' or lower({{ source }}) = 'sms' then 'sms'
        when {{ fits('lower(' ~ medium ~ ')', 'push$|mobile|notification') }} or lower({{ source }}) = 'firebase'
            then 'mobile_push'
        else 'other'
    end
{%- endmacro %}

{# One parameter of a query string; NULL where it is not there. #}
{% macro url_parameter(column, name) -%}
    nullif(regexp_extract({{ column }}, '(^|[?&]){{ name }}=([^&#]*)', 2), '')
{%- endmacro %}
