{%- do input_file_name('lookup', 'if there') -%}
-- How the small areas of one census became those of the next: each pair of codes once, with ONS's
-- change code (U unchanged, S split, M merged, X irregular).
select distinct
    from_year,
    from_code,
    to_year,
    to_code,
    change
from {{ source('inputs', 'lookups') }}
where
    from_geography = 'lsoa'
    and to_geography = 'lsoa'
    and change in ('U', 'S', 'M', 'X')
