select
    postcodes.postcode,
    postcodes.postcode_key,
    postcodes.outcode,
    postcodes.sector,
    postcodes.introduced_on,
    postcodes.terminated_on,
    postcodes.is_live,
    postcodes.is_large_user,
    postcodes.country_code,
    postcodes.region_code,
    regions.name as region_name,
    postcodes.county_code,
    postcodes.lad_code,
    lads.name as lad_name,
    postcodes.ward_code,
    postcodes.pcon_code,
    postcodes.icb_code,
    postcodes.sub_icb_code,
    postcodes.pfa_code,
    postcodes.lsoa_2001_code,
    postcodes.lsoa_2011_code,
    postcodes.lsoa_2021_code,
    postcodes.msoa_2011_code,
    postcodes.msoa_2021_code,
    postcodes.rural_urban_2011,
    postcodes.rural_urban_2021,
    postcodes.easting,
    postcodes.northing,
    postcodes.latitude,
    postcodes.longitude,
    postcodes.positional_quality,
    postcodes.is_lsoa_2001_from_lookup
from {{ ref('int_postcodes') }} as postcodes
left join {{ ref('int_geography_names') }} as regions
    on postcodes.region_code = regions.code
left join {{ ref('int_geography_names') }} as lads
    on postcodes.lad_code = lads.code
order by postcodes.postcode_key
