-- A postcode's area in an edition is the directory's area of that edition's own vintage: 31,810
-- codes are the same in 2011 and 2021, so the wrong vintage would mostly match and lose the rest.
with
expected as (
    select
        postcodes.postcode_key,
        postcodes.country_code,
        case
            when editions.area_type = 'LSOA 2001' then postcodes.lsoa_2001_code
            when editions.area_type = 'LSOA 2021' then postcodes.lsoa_2021_code
            else postcodes.lsoa_2011_code
        end as area_code,
        editions.nation,
        editions.edition
    from {{ ref('postcodes') }} as postcodes
    inner join {{ ref('int_built_editions') }} as editions
        on postcodes.country_code = editions.country_code
)

select
    expected.postcode_key,
    expected.nation,
    expected.edition,
    expected.area_code as expected_area_code,
    imd.area_code
from expected
inner join {{ ref('int_areas') }} as areas
    on
        expected.nation = areas.nation
        and expected.edition = areas.edition
        and expected.area_code = areas.area_code
left join {{ ref('postcode_imd') }} as imd
    on
        expected.postcode_key = imd.postcode_key
        and expected.nation = imd.nation
        and expected.edition = imd.edition
where imd.area_code is distinct from expected.area_code
