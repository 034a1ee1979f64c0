-- If this fails, an edition was joined to postcodes by areas of another census: 31,810 codes are
-- the same in 2011 and 2021, so most rows match and the rest are lost. That no postcode is lost or
-- doubled is tested elsewhere, so it is enough to go through the rows that are there.
with
expected as (
    select
        imd.postcode_key,
        imd.nation,
        imd.edition,
        imd.area_code,
        case
            when editions.area_type = 'LSOA 2001' then postcodes.lsoa_2001_code
            when editions.area_type like '% 202_' then postcodes.lsoa_2021_code
            else postcodes.lsoa_2011_code
        end as directory_code
    from {{ ref('postcode_imd') }} as imd
    left join {{ ref('postcodes') }} as postcodes
        on imd.postcode_key = postcodes.postcode_key
    left join {{ ref('int_built_editions') }} as editions
        on
            imd.nation = editions.nation
            and imd.edition = editions.edition
)

select
    expected.postcode_key,
    expected.nation,
    expected.edition,
    areas.area_code as expected_area_code,
    expected.area_code
from expected
left join {{ ref('int_areas') }} as areas
    on
        expected.nation = areas.nation
        and expected.edition = areas.edition
        and expected.directory_code = areas.area_code
where expected.area_code is distinct from areas.area_code
