-- The directory's postcodes in one canonical form, each with what follows from its own columns.
-- The key is the directory's postcode without its space, not postcode_key(): NPT 0AA, W1Y 9LB and
-- 7,000 more (November 2025), all ended by 2000, are in the directory but not in today's formats.
select
    postcode,
    replace(postcode, ' ', '') as postcode_key,
    split_part(postcode, ' ', 1) as outcode,
    left(postcode, length(postcode) - 2) as sector,
    introduced_on,
    terminated_on,
    terminated_on is null as is_live,
    is_large_user,
    country_code,
    region_code,
    county_code,
    lad_code,
    -- The upper tier is the county where there is one with a council of its own (E10), else the
    -- local authority itself.
    case when county_code like 'E10%' then county_code else lad_code end as utla_code,
    ward_code,
    pcon_code,
    icb_code,
    sub_icb_code,
    pfa_code,
    lsoa_2001_code,
    lsoa_2011_code,
    lsoa_2021_code,
    msoa_2011_code,
    msoa_2021_code,
    rural_urban_2011,
    rural_urban_2021,
    easting,
    northing,
    latitude,
    longitude,
    positional_quality,
    imd_rank_2019,
    imd_rank_2025,
    file_name
from {{ ref('stg_ons__postcode_directory') }}
{% if not var('include_northern_ireland') -%}
where country_code is distinct from 'N92000002'
{%- endif %}
