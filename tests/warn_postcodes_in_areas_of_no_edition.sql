{{ config(severity='warn') }}
-- Postcodes whose area the edition does not speak about though it should: a border case in the
-- directory (a Welsh LSOA under an English local authority), or a release with a vintage of its own.
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
    and case editions.area_column
        when 'lsoa_2001_code' then postcodes.lsoa_2001_code
        when 'lsoa_2011_code' then postcodes.lsoa_2011_code
        when 'lsoa_2021_code' then postcodes.lsoa_2021_code
    end is not null
