{# Cost and return in the same columns, whatever they are told by: campaign, ad, channel and region. #}

{# What was spent on rows of fct_ad_daily, and what the platforms claim for it. #}
{% macro spend_sums() -%}
        min(currency) as spend_currency,
        {{ to_money('sum(spend)') }} as spend_native,
        {{ to_money('sum(spend_reporting)') }} as spend,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(claimed_conversions) as decimal(18, 4)) as claimed_conversions,
        cast(sum(claimed_conversions_7d_click) as decimal(18, 4)) as claimed_click_conversions,
        cast(sum(claimed_conversions_1d_view) as decimal(18, 4)) as claimed_view_conversions,
        {{ to_money('sum(claimed_value)') }} as claimed_value_native,
        {{ to_money('sum(claimed_value_reporting)') }} as claimed_value
{%- endmacro %}

{# What rows of fct_touch_credit, joined as `credits`, are credited with. One order without a known cost
   leaves the margin unknown; money of several currencies has no sum but the converted one. #}
{% macro credit_sums() -%}
        cast(sum(case when credits.is_credit_note then 0 else credits.credit end) as decimal(18, 8))
            as attributed_orders,
        cast(sum(case when credits.is_first_order then credits.credit else 0 end) as decimal(18, 8))
            as attributed_first_orders,
        case when min(credits.currency) = max(credits.currency) then min(credits.currency) end as attributed_currency,
        case
            when min(credits.currency) = max(credits.currency) then {{ to_money('sum(credits.attributed_revenue)') }}
        end as attributed_revenue_native,
        {{ to_money('sum(credits.attributed_revenue_reporting)') }} as attributed_revenue,
        case
            when count(*) = count(credits.attributed_margin_reporting)
                then {{ to_money('sum(credits.attributed_margin_reporting)') }}
        end as attributed_margin
{%- endmacro %}

{# The columns of credit, joined as `attributed`, beside spend that may have earned none. #}
{% macro credits_or_none() -%}
        coalesce(attributed.attributed_orders, cast(0 as decimal(18, 8))) as attributed_orders,
        coalesce(attributed.attributed_first_orders, cast(0 as decimal(18, 8))) as attributed_first_orders,
        attributed.attributed_currency,
        attributed.attributed_revenue_native,
        coalesce(attributed.attributed_revenue, cast(0 as decimal(18, 4))) as attributed_revenue,
        case
            when attributed.attributed_orders is null then cast(0 as decimal(18, 4))
            else attributed.attributed_margin
        end as attributed_margin
{%- endmacro %}

{# What the figures of a platform are to each other, in the reporting currency. #}
{% macro delivery_ratios(relation) -%}
    {{ ratio(relation ~ '.clicks', relation ~ '.impressions') }} as ctr,
    {{ ratio(relation ~ '.spend', relation ~ '.clicks') }} as cpc,
    {{ ratio('1000 * ' ~ relation ~ '.spend', relation ~ '.impressions') }} as cpm,
    {{ ratio(relation ~ '.claimed_value', relation ~ '.spend') }} as claimed_roas,
    {{ ratio(relation ~ '.claimed_conversions', relation ~ '.attributed_orders') }} as over_claim_ratio
{%- endmacro %}

{# What the credit of a model is to the spend. #}
{% macro return_ratios(relation) -%}
    {{ ratio(relation ~ '.attributed_revenue', relation ~ '.spend') }} as roas,
    {{ ratio(relation ~ '.attributed_margin - ' ~ relation ~ '.spend', relation ~ '.spend') }} as roi,
    {{ ratio(relation ~ '.spend', relation ~ '.attributed_orders') }} as cpa,
    {{ ratio(relation ~ '.spend', relation ~ '.attributed_first_orders') }} as cac,
    {{ ratio(relation ~ '.attributed_first_orders', relation ~ '.attributed_orders') }} as new_customer_share
{%- endmacro %}

{# Whether advertising pays for a channel. #}
{% macro is_paid(channel) -%}
    {{ channel }} in ('{{ paid_channels() | join("', '") }}')
{%- endmacro %}
