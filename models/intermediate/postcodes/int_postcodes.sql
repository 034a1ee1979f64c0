-- The directory's postcodes in one canonical form, each with what follows from its own columns.
-- The key is the directory's postcode without its space, not postcode_key(): NPT 0AA, W1Y 9LB and
-- 7,000 more (November 2025), all ended by 2000, are in the directory but not in today's formats.
with
-- Where the directory gives no LSOA of 2001: the one that the LSOA of 2011 is, or was split from.
lsoa_2001 as (
    select
        to_code as lsoa_2011_code,
        min(from_code) as lsoa_2001_code
    from {{ ref('stg_ons__lookups') }}
    where
        from_geography = 'lsoa'
        and from_year = 2001
        and to_geography = 'lsoa'
        and to_year = 2011
    group by to_code
    -- One pair can stand in several files, of which some have no change code.
    having count(distinct from_code) = 1 and min(nullif(change, '')) in ('U', 'S')
)

select
    directory.postcode,
    replace(directory.postcode, ' ', '') as postcode_key,
    split_part(directory.postcode, ' ', 1) as outcode,
    left(directory.postcode, length(directory.postcode) - 2) as sector,
    directory.introduced_on,
    directory.terminated_on,
    directory.terminated_on is null as is_live,
    directory.is_large_user,
    directory.country_code,
    directory.region_code,
    directory.county_code,
    directory.lad_code,
    -- The upper tier is the county where there is one with a council of its own (E10), else the
    -- local authority itself.
    case when directory.county_code like 'E10%' then directory.county_code else directory.lad_code end
        as utla_code,
    directory.ward_code,
    directory.pcon_code,
    directory.icb_code,
    directory.sub_icb_code,
    directory.pfa_code,
    directory.nhs_region_code,
    directory.cancer_alliance_code,
    directory.health_authority_code,
    coalesce(directory.lsoa_2001_code, lsoa_2001.lsoa_2001_code) as lsoa_2001_code,
    directory.lsoa_2001_code is null and lsoa_2001.lsoa_2001_code is not null
        as is_lsoa_2001_from_lookup,
    directory.lsoa_2011_code,
    directory.lsoa_2021_code,
    directory.msoa_2011_code,
    directory.msoa_2021_code,
    directory.rural_urban_2011,
    directory.rural_urban_2021,
    directory.easting,
    directory.northing,
    directory.latitude,
    directory.longitude,
    directory.positional_quality,
    directory.imd_rank,
    directory.imd_rank_2025,
    directory.file_name
from {{ ref('stg_ons__postcode_directory') }} as directory
left join lsoa_2001
    on directory.lsoa_2011_code = lsoa_2001.lsoa_2011_code
where
    {{ 'true' if var('include_northern_ireland') else 'false' }}
    or directory.country_code is null
    or directory.country_code not in (
        select country_code
        from {{ ref('published_editions') }}
        where nation = 'Northern Ireland'
    )
