{% macro repeatable_sum(value, digits=9) -%}
    {#-
        The sum of `value` as a double, the same in whatever order the rows come: a sum of doubles
        differs in its last digits from run to run. Added up as decimals of `digits` places.
    -#}
    cast(sum(cast({{ value }} as decimal(28, {{ digits }}))) as double)
{%- endmacro %}
