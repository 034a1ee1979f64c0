-- What ONS's lookups say an LSOA belongs to. They speak of LSOA 2021; an LSOA of 2011 belongs
-- where those it became belong.
with
lookups as (
    select *
    from {{ ref('stg_ons__lookups') }}
    where from_geography = 'lsoa'
)

select
    'lsoa_2021_code' as area_column,
    from_code as area_code,
    to_geography as lookup,
    to_code as geography_code
from lookups
where from_year = 2021

union all

select
    'lsoa_2011_code' as area_column,
    older.from_code as area_code,
    newer.to_geography as lookup,
    newer.to_code as geography_code
from lookups as older
inner join lookups as newer
    on older.to_code = newer.from_code
where
    older.from_year = 2011
    and older.to_geography = 'lsoa'
    and newer.from_year = 2021
