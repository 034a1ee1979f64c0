-- What ONS's lookups say an LSOA belongs to. They speak of LSOA 2021; an older one belongs where
-- those it became belong.
with
lookups as (
    select
        from_code as area_code,
        to_geography as lookup,
        to_code as geography_code
    from {{ ref('stg_ons__lookups') }}
    where from_geography = 'lsoa' and from_year = 2021
)

select
    'lsoa_2021_code' as area_column,
    area_code,
    lookup,
    geography_code
from lookups

union all

select
    became.area_column,
    became.area_code,
    lookups.lookup,
    lookups.geography_code
from {{ ref('int_area_successors') }} as became
inner join lookups on became.later_code = lookups.area_code
where became.later_column = 'lsoa_2021_code'
