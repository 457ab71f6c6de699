{#
Shares of a whole number of units, that sum to it exactly.

A select over `rows` with its columns and `result`: `total` × `weight` ÷ `weight_total`, cut to whole
units; the units left over go to the largest remainders, ties by `order_by`. `total` may be negative
(a credit note): its absolute value is shared, then signed. `total`, `weight` and `weight_total` are
expressions of whole decimals; weights are not negative.
#}
{% macro largest_remainder(rows, columns, total, weight, weight_total, partition_by, order_by, result) %}
    select
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        cast(
            sign(share_total) * (
                share_whole
                + case
                    when share_rank <= abs(share_total) - share_whole_total then 1
                    else 0
                end
            ) as decimal(38, 0)
        ) as {{ result }}
    from (
        select
            {%- for column in columns %}
            {{ column }},
            {%- endfor %}
            share_total,
            share_whole,
            sum(share_whole) over (partition by {{ partition_by | join(', ') }}) as share_whole_total,
            row_number() over (
                partition by {{ partition_by | join(', ') }}
                order by share_remainder desc nulls last, {{ order_by }}
            ) as share_rank
        from (
            select
                {%- for column in columns %}
                {{ column }},
                {%- endfor %}
                share_total,
                {{ whole_quotient('share_product', 'share_divisor') }} as share_whole,
                share_product % share_divisor as share_remainder
            from (
                select
                    {%- for column in columns %}
                    {{ column }},
                    {%- endfor %}
                    cast({{ total }} as decimal(38, 0)) as share_total,
                    cast(abs({{ total }}) as decimal(38, 0)) * cast({{ weight }} as decimal(18, 0)) as share_product,
                    cast({{ weight_total }} as decimal(38, 0)) as share_divisor
                from {{ rows }}
            ) as products
        ) as parts
    ) as ranked
{% endmacro %}
