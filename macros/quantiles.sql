{% macro official_quantile(rank, areas, k) -%}
    {#- The publishers' rule: ceil(k * rank / areas), exact for whole and half ranks. -#}
    cast(ceil({{ k }} * {{ rank }} / {{ areas }}) as integer)
{%- endmacro %}


{% macro ohid_quantile(local_rank, local_areas, k) -%}
    {#-
        The public-health method: areas share a category with those they tie with; extra areas go
        where the integer division puts them; no categories where there are fewer areas than k.
    -#}
    case
        when {{ local_areas }} >= {{ k }}
            then cast(1 + floor({{ k }} * ({{ local_rank }} - 1) / {{ local_areas }}) as integer)
    end
{%- endmacro %}
