{{ config(severity='warn') }}
-- Postcodes that get no answer although they have an area, because the edition does not rank it: a
-- border case in the directory (a Welsh LSOA under an English local authority), or a release with
-- areas of another census.
select
    imd.postcode,
    imd.nation,
    imd.edition,
    postcodes.lsoa_2011_code,
    postcodes.lsoa_2021_code
from {{ ref('postcode_imd') }} as imd
inner join {{ ref('int_postcodes') }} as postcodes
    on imd.postcode_key = postcodes.postcode_key
inner join {{ ref('int_built_editions') }} as editions
    on imd.nation = editions.nation and imd.edition = editions.edition
where
    imd.area_code is null
    and {{ area_of_vintage('postcodes', 'editions.area_column') }} is not null
