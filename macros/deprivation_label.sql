{% macro deprivation_label(band, k) -%}
{#- Words for a fifth (k = 5) or tenth (k = 10): Most deprived 20%, 2nd fifth ... Least deprived 20%. -#}
{%- set part = {5: 'fifth', 10: 'tenth'}[k] -%}
case {{ band }}
    when 1 then 'Most deprived {{ 100 // k }}%'
    when 2 then '2nd most deprived {{ part }}'
    when 3 then '3rd most deprived {{ part }}'
    {%- for middle in range(4, k) %}
    when {{ middle }} then '{{ middle }}th most deprived {{ part }}'
    {%- endfor %}
    when {{ k }} then 'Least deprived {{ 100 // k }}%'
end
{%- endmacro %}
