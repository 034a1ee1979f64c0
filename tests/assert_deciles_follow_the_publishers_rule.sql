-- A published decile that is not ceil(10 * rank / N) is a misread file: a wrong column, a rank of
-- another index, or rows left out of N.
select
    nation,
    edition,
    index_code,
    area_code,
    rank,
    decile,
    areas
from {{ ref('int_area_indices') }}
where
    nation = 'England'
    and decile <> {{ official_quantile('rank', 'areas', 10) }}
