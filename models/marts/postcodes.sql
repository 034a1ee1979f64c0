{%- set geographies = ['county', 'ward', 'pcon', 'icb', 'sub_icb', 'pfa', 'nhs_region', 'cancer_alliance', 'health_authority'] %}
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
    postcodes.is_lsoa_2001_from_lookup,
    postcodes.nhs_region_code,
    postcodes.cancer_alliance_code,
    postcodes.health_authority_code
    {%- for geography in geographies %},
    {{ geography }}_names.name as {{ geography }}_name
    {%- endfor %}
    {%- for vintage in ['2011', '2021'] %},
    areas_{{ vintage }}.area_name as lsoa_{{ vintage }}_name
    {%- endfor %}
    {%- for year in ['2011', '2021'] %},
    classes_{{ year }}.name as rural_urban_{{ year }}_name
    {%- endfor %}
from {{ ref('int_postcodes') }} as postcodes
left join {{ ref('int_geography_names') }} as regions
    on postcodes.region_code = regions.code
left join {{ ref('int_geography_names') }} as lads
    on postcodes.lad_code = lads.code
{%- for geography in geographies %}
left join {{ ref('int_geography_names') }} as {{ geography }}_names
    on postcodes.{{ geography }}_code = {{ geography }}_names.code
{%- endfor %}
{%- for vintage in ['2011', '2021'] %}
left join {{ ref('int_area_names') }} as areas_{{ vintage }}
    on
        areas_{{ vintage }}.area_column = 'lsoa_{{ vintage }}_code'
        and postcodes.lsoa_{{ vintage }}_code = areas_{{ vintage }}.area_code
{%- endfor %}
{%- for year in ['2011', '2021'] %}
left join {{ ref('rural_urban_classes') }} as classes_{{ year }}
    on classes_{{ year }}.year = {{ year }} and postcodes.rural_urban_{{ year }} = classes_{{ year }}.code
{%- endfor %}
order by postcodes.postcode_key
