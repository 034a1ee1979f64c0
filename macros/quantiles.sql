{% macro official_quantile(rule, bounds, rank, areas, k) -%}
    {#-
        The publisher's own rule for k = 4, 5, 10, 20 or 100, all arguments but k SQL expressions. `rule`
        and `bounds` are those of the edition's row in seeds/published_editions.csv: ceil is
        ceil(k * rank / areas), exact for whole and half ranks; floor is
        floor(k * (rank - 1) / areas) + 1; `bounds`, where not null, holds the last ranks of the
        first nine deciles, which no formula gives (Wales 2025).
    -#}
    cast(case
        {%- if k in (5, 10) %}
        when {{ bounds }} is not null
            then 1
            {%- for decile in range(10 // k, 10, 10 // k) %}
            + case
                when {{ rank }} > cast(split_part({{ bounds }}, ' ', {{ decile }}) as integer) then 1
                when {{ rank }} is not null then 0
            end
            {%- endfor %}
        {%- endif %}
        when {{ rule }} = 'floor' then floor({{ k }} * ({{ rank }} - 1) / {{ areas }}) + 1
        when {{ rule }} = 'ceil' then ceil({{ k }} * {{ rank }} / {{ areas }})
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


{% macro rank_of_parts(rank, population) -%}
    {#-
        The rank of land that was several areas: their mean, weighted by population where it is
        known for all of them. Two data zones of 2016 have no residents.
    -#}
    case
        when count({{ population }}) = count(*) and sum({{ population }}) > 0
            then sum({{ rank }} * {{ population }}) / sum({{ population }})
        else avg({{ rank }})
    end
{%- endmacro %}
