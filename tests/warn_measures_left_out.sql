{{ config(severity='warn') }}
-- Figures that are null in area_indices, or made by rule, because the edition's file leaves them
-- blank throughout.
{% set measures = ['published_score', 'rank', 'published_decile', 'published_quintile'] %}

with
counted as (
    {% for measure in measures %}
    select
        areas.nation,
        areas.edition,
        '{{ measure }}' as measure,
        areas.index_code
    from {{ ref('int_area_indices') }} as areas
    inner join {{ ref('index_columns') }} as columns
        on
            areas.nation = columns.nation
            and areas.edition = columns.edition
            and areas.index_code = columns.index_code
            and columns.measure = '{{ measure | replace("published_", "") }}'
    group by areas.nation, areas.edition, areas.index_code
    having count(areas.{{ measure }}) = 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    nation,
    edition,
    measure,
    {{ dbt.listagg('index_code', "', '", 'order by index_code') }} as null_for
from counted
group by nation, edition, measure
order by nation, edition, measure
