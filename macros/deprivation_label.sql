{% macro deprivation_label(band, k) -%}
{#- Words for a fifth (k = 5) or tenth (k = 10): Most deprived 20%, 2nd fifth ... Least deprived 20%. -#}
{%- set part = {5: 'fifth', 10: 'tenth'}[k] -%}
case
    when {{ band }} = 1 then 'Most deprived {{ 100 // k }}%'
    when {{ band }} = {{ k }} then 'Least deprived {{ 100 // k }}%'
    when {{ band }} = 2 then '2nd most deprived {{ part }}'
    when {{ band }} = 3 then '3rd most deprived {{ part }}'
    when {{ band }} is not null then cast({{ band }} as string) || 'th most deprived {{ part }}'
end
{%- endmacro %}
