select
    anchor,
    nation,
    edition,
    area_code,
    score,
    rank,
    population,
    population_decile,
    population_quintile
from {{ ref('int_uk_index') }}
order by
    anchor,
    nation,
    area_code
