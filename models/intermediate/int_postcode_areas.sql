-- Each postcode with the editions of its own nation, whether or not it lies in one of their areas.
select
    postcodes.postcode,
    postcodes.postcode_key,
    postcodes.outcode,
    postcodes.sector,
    postcodes.is_live,
    postcodes.lad_code,
    editions.nation,
    editions.edition,
    -- The area of the edition's own vintage: most codes of 2011 and 2021 are the same, so another
    -- vintage would mostly match, and lose the rest.
    case editions.area_column
        when 'lsoa_2001_code' then postcodes.lsoa_2001_code
        when 'lsoa_2011_code' then postcodes.lsoa_2011_code
        when 'lsoa_2021_code' then postcodes.lsoa_2021_code
    end as area_code
from {{ ref('int_postcodes') }} as postcodes
inner join {{ ref('int_built_editions') }} as editions
    on postcodes.country_code = editions.country_code
