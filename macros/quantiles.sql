{% macro official_quantile(nation, edition, rank, areas, k) -%}
    {#-
        The publisher's own rule for k = 5, 10 or 100, all arguments but k SQL expressions: England,
        Scotland and Northern Ireland ceil(k * rank / areas), exact for whole and half ranks;
        Wales, and England before 2015, floor(k * (rank - 1) / areas) + 1; deciles and quintiles of
        Wales in 2025 by bounds that no formula gives.
    -#}
    {%- set bounds = [191, 382, 574, 766, 958, 1149, 1341, 1533, 1724] -%}
    cast(case
        {%- if k <= 10 %}
        when {{ nation }} = 'Wales' and {{ edition }} = 2025
            then 1
            {%- for bound in bounds[10 // k - 1::10 // k] %}
            + case when {{ rank }} > {{ bound }} then 1 when {{ rank }} <= {{ bound }} then 0 end
            {%- endfor %}
        {%- endif %}
        when {{ nation }} = 'Wales' or ({{ nation }} = 'England' and {{ edition }} < 2015)
            then floor({{ k }} * ({{ rank }} - 1) / {{ areas }}) + 1
        else ceil({{ k }} * {{ rank }} / {{ areas }})
    end as integer)
{%- endmacro %}


{% macro ohid_quantile(local_rank, local_areas, k) -%}
    {#-
        The public-health method: areas share a category with those they tie with; extra areas go
        where the integer division puts them; no categories where there are fewer areas than k.
    -#}
    case
        when {{ local_areas }} >= {{ k }}
            then cast(
                1 + floor({{ k }} * (cast({{ local_rank }} as bigint) - 1) / {{ local_areas }}) as integer
            )
    end
{%- endmacro %}
