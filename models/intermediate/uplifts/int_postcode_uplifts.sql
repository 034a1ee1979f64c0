-- Every postcode, live or terminated, whose area falls into a band of a scheme.
select
    uplifts.scheme,
    postcodes.postcode,
    postcodes.postcode_key,
    uplifts.value,
    uplifts.valid_from,
    uplifts.valid_to
from {{ ref('int_area_uplifts') }} as uplifts
inner join {{ ref('int_postcode_areas') }} as postcodes
    on
        uplifts.nation = postcodes.nation
        and uplifts.edition = postcodes.edition
        and uplifts.area_code = postcodes.area_code
