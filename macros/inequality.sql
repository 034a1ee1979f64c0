{#-
    Slope and relative index of inequality, and the measures beside them, of each set of groups in
    a relation: the point estimates of `deprivation inequality`, on any engine. With shares of the
    population as weights the middle of the cumulative share has the mean 1/2, so the weighted
    line's slope is sum(share * (middle - 1/2) * value) / sum(share * (middle - 1/2)^2).
-#}
{% macro inequality(relation, by, quantile, population, value, multiplier=1) -%}
{%- set by_list = by | join(', ') -%}
with shares as (
    select
        {{ by_list }},
        {{ quantile }} as quantile,
        {{ population }} as population,
        {{ value }} as value,
        cast({{ population }} as double)
            / sum({{ population }}) over (partition by {{ by_list }}) as share,
        sum(cast({{ population }} as double))
            over (partition by {{ by_list }} order by {{ quantile }})
            / sum({{ population }}) over (partition by {{ by_list }}) as cumulative_share,
        count(*) over (partition by {{ by_list }}) as groups
    from {{ relation }}
),

lines as (
    select
        {{ by_list }},
        max(groups) as groups,
        sum(population) as population,
        sum(share * value) as overall,
        sum(share * (cumulative_share - share / 2 - 0.5) * value)
            / sum(share * power(cumulative_share - share / 2 - 0.5, 2)) as slope,
        2 * sum(share * (cumulative_share - share / 2) * value) / sum(share * value) - 1
            as concentration_index,
        max(case when quantile = 1 then value end) as most_deprived,
        max(case when quantile = groups then value end) as least_deprived
    from shares
    group by {{ by_list }}
)

select
    {{ by_list }},
    groups,
    population,
    overall,
    {{ multiplier }} * slope as sii,
    {% if multiplier < 0 -%}
    (overall - slope / 2) / (overall + slope / 2) as rii,
    {%- else -%}
    (overall + slope / 2) / (overall - slope / 2) as rii,
    {%- endif %}
    overall - slope / 2 as intercept,
    abs({{ multiplier }}) * (most_deprived - least_deprived) as gap,
    most_deprived / least_deprived as ratio,
    (overall - least_deprived) / overall as attributable_share,
    concentration_index
from lines
{%- endmacro %}
