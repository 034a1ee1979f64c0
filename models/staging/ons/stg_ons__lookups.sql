select
    from_geography,
    cast(from_year as integer) as from_year,
    from_code,
    to_geography,
    cast(to_year as integer) as to_year,
    to_code,
    change
from {{ source('inputs', 'lookups') }}
