{{ config(severity='warn') }}
-- What a File 7 leaves blank throughout is null in area_indices, or made by rule: named here.
{% set measures = ['score', 'rank', 'published_decile'] %}

with
counted as (
    {% for measure in measures %}
    select
        nation,
        edition,
        '{{ measure }}' as measure,
        index_code
    from {{ ref('int_area_indices') }}
    where nation = 'England' and edition >= 2015
    group by nation, edition, index_code
    having count({{ measure }}) = 0
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    nation,
    edition,
    measure,
    string_agg(index_code, ', ' order by index_code) as null_for
from counted
group by nation, edition, measure
order by nation, edition, measure
