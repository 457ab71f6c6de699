{# The named map of recency, frequency and monetary quintiles (5 is best): a complete partition of the
   125 cells. The first rule that fits decides, and the last takes the rest. #}
{% macro rfm_segment(recency, frequency, monetary) -%}
    case
        when {{ recency }} >= 4 and {{ frequency }} >= 4 and {{ monetary }} >= 4 then 'champions'
        when {{ recency }} >= 3 and {{ frequency }} >= 4 then 'loyal'
        when {{ recency }} >= 4 and {{ frequency }} >= 2 then 'potential_loyalists'
        when {{ recency }} = 5 then 'new_customers'
        when {{ recency }} = 4 then 'promising'
        when {{ recency }} = 3 and ({{ frequency }} = 3 or {{ monetary }} >= 4) then 'need_attention'
        when {{ recency }} = 3 then 'about_to_sleep'
        when {{ frequency }} >= 4 and {{ monetary }} >= 4 then 'cannot_lose'
        when {{ frequency }} >= 3 then 'at_risk'
        when {{ recency }} = 2 or {{ monetary }} >= 3 then 'hibernating'
        else 'lost'
    end
{%- endmacro %}

{% macro rfm_segments() -%}
    {{ return([
        'champions', 'loyal', 'potential_loyalists', 'new_customers', 'promising', 'need_attention',
        'about_to_sleep', 'cannot_lose', 'at_risk', 'hibernating', 'lost',
    ]) }}
{%- endmacro %}
