-- If this fails, rates are written in per cent, or are another column's: in England these scores are
-- shares of people, from 0 to 1.
select
    edition,
    index_code,
    area_code,
    score
from {{ ref('int_area_indices') }}
where
    nation = 'England'
    and index_code in ('income', 'employment', 'idaci', 'idaopi')
    and score not between 0 and 1
