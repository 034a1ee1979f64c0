select
    nation,
    edition,
    name,
    area_code,
    score,
    cast(rank as bigint) as rank,
    decile,
    quintile,
    areas
from {{ ref('int_own_indices') }}
order by
    nation,
    edition,
    name,
    area_code
