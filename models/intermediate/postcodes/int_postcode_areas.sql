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
    {{ area_of_vintage('postcodes', 'editions.area_column') }} as area_code
from {{ ref('int_postcodes') }} as postcodes
inner join {{ ref('int_built_editions') }} as editions
    on postcodes.country_code = editions.country_code
