{# Where a visit came from, in words that every platform shares. #}

{# Whether a source names a social network, or one of its hosts. NULL is none. #}
{% macro is_social(source) -%}
    regexp_extract(
        lower(coalesce({{ source }}, '')),
        '(^|[.])(facebook|fb|instagram|ig|meta|tiktok|twitter|x|t|linkedin|youtube|pinterest|whatsapp|threads)([.](com|co|be|net))?$',
        2
    ) <> ''
{%- endmacro %}

{% macro is_nothing(column) -%}
    lower(coalesce({{ column }}, '')) in ('', '(none)', '(not set)', '(direct)', 'direct', 'none')
{%- endmacro %}

{# The channel of a visit by its source and medium. Paid is what says so; a social network without a
   medium is organic; nothing at all is direct. Each name is a value of dim_campaign too. #}
{% macro channel(source, medium) -%}
    case
        when {{ is_nothing(source) }} and {{ is_nothing(medium) }} then 'direct'
        when lower({{ medium }}) in ('paid_social', 'paidsocial', 'paid-social', 'social_paid') then 'paid_social'
        when lower({{ medium }}) in ('cpc', 'ppc', 'paid', 'paid_search', 'paidsearch', 'cpm')
            then case when {{ is_social(source) }} then 'paid_social' else 'paid_search' end
        when lower({{ medium }}) in ('display', 'banner') then 'display'
        when lower({{ medium }}) in ('affiliate', 'affiliates') then 'affiliate'
        when lower({{ medium }}) in ('email', 'e-mail', 'newsletter') or lower({{ source }}) = 'email' then 'email'
        when lower({{ medium }}) in ('sms', 'push', 'messaging', 'chat') then 'messaging'
        when lower({{ medium }}) in ('social', 'organic_social', 'organic-social', 'sm', 'post') then 'organic_social'
        when {{ is_social(source) }} then 'organic_social'
        when lower({{ medium }}) in ('organic', 'seo') then 'organic_search'
        when lower({{ medium }}) = 'referral' then 'referral'
        else 'other'
    end
{%- endmacro %}

{# Channels that touches may have; the order is that of reports. #}
{% macro channels() -%}
    {{ return([
        'paid_social', 'paid_search', 'display', 'affiliate', 'organic_social', 'organic_search', 'email',
        'messaging', 'referral', 'direct', 'other',
    ]) }}
{%- endmacro %}

{# One parameter of a query string; NULL where it is not there. #}
{% macro url_parameter(column, name) -%}
    nullif(regexp_extract({{ column }}, '(^|[?&]){{ name }}=([^&#]*)', 2), '')
{%- endmacro %}
