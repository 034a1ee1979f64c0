select
    geography,
    cast(year as integer) as year,
    code,
    name
from {{ source('inputs', 'geography_names') }}
