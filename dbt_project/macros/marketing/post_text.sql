{# What a text says besides words: hashtags, mentions and links. Lists are text, each entry once and in order. #}

{# An address from http on. What ends a sentence, or closes a bracket around it, is not part of it. #}
{% macro link_pattern(having='') -%}
    (?i)https?://[^\s<>\x22]*{{ having }}(?:[^\s<>\x22\p{P}]|[/#%&*@_-])
{%- endmacro %}

{# Hashtags in lower case without #, parted by commas. A number alone is none. #}
{% macro hashtags_in(text) -%}
    {{ all_matches(
        _words_of(text), '[#＃]([\\p{L}\\p{M}\\p{N}_]*[\\p{L}\\p{M}_][\\p{L}\\p{M}\\p{N}_]*)', 1, ','
    ) }}
{%- endmacro %}

{# Handles in lower case without @, parted by commas. An e-mail address is none. #}
{% macro mentions_in(text) -%}
    {{ all_matches(
        _words_of(text), '(?:^|[^\\p{L}\\p{M}\\p{N}_@])@([a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)', 1, ','
    ) }}
{%- endmacro %}

{# Links, parted by blanks, which no address holds. #}
{% macro links_in(text) -%}
    {{ all_matches(text, link_pattern(), 0, ' ') }}
{%- endmacro %}

{# The first link that carries UTM parameters. #}
{% macro tagged_link_in(text) -%}
    {{ first_match(text, link_pattern('[?&#]utm_[a-z]+=[^\\s<>\\x22]*')) }}
{%- endmacro %}

{# Parts of addresses look like hashtags and mentions. #}
{% macro _words_of(text) -%}
    lower({{ replace_all(text, link_pattern(), ' ') }})
{%- endmacro %}

{# LinkedIn's text as people read it: it comes with templates for hashtags and mentions, and escaped.
   `mention` is what a mention becomes: $1 is its name, $2 its id.
   Format: https://learn.microsoft.com/linkedin/marketing/community-management/shares/little-text-format #}
{% macro linkedin_text(commentary, mention) -%}
    {{ replace_all(
        replace_all(
            'replace(' ~ commentary ~ ', chr(92), \'\')', '[{]hashtag[|]#[|]([^}]*)[}]', '#$1'
        ), '@[[]([^]]*)[]][(]urn:li:[a-zA-Z]+:([^)]*)[)]', mention
    ) }}
{%- endmacro %}
