select
    nation,
    edition,
    older_edition,
    area_code,
    index_code,
    is_previous,
    change_code,
    is_comparable,
    rank,
    decile,
    percentile,
    older_rank,
    older_decile,
    older_percentile
from {{ ref('int_area_changes') }}
order by nation, edition, older_edition, area_code, index_code
