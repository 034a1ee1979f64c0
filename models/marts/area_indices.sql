select
    nation,
    edition,
    area_code,
    area_name,
    index_code,
    score,
    rank,
    decile,
    quintile,
    areas,
    lad_code,
    lad_name,
    lad_rank,
    lad_areas
from {{ ref('int_area_indices') }}
order by nation, edition, area_code, index_code
