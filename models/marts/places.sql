select
    geography,
    code,
    name,
    nation,
    parent_geography,
    parent_code,
    in_use
from {{ ref('int_places') }}
order by geography, code
