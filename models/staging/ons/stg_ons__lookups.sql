{%- do input_file_name('lookup', 'if there') -%}
-- Each pair of codes once, in however many of the lookup files it stands.
select distinct
    from_geography,
    cast(from_year as integer) as from_year,
    from_code,
    to_geography,
    cast(to_year as integer) as to_year,
    to_code,
    change
from {{ source('inputs', 'lookups') }}
