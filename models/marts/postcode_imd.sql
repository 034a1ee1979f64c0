with
-- Each postcode with the editions of its own nation, whether or not it lies in one of their areas.
postcode_editions as (
    select
        postcodes.postcode,
        postcodes.postcode_key,
        postcodes.lad_code,
        editions.nation,
        editions.edition,
        -- The area of the edition's own vintage: most codes of 2011 and 2021 are the same, so
        -- another vintage would mostly match, and lose the rest.
        case editions.area_column
            when 'lsoa_2011_code' then postcodes.lsoa_2011_code
            when 'lsoa_2021_code' then postcodes.lsoa_2021_code
        end as area_code
    from {{ ref('int_postcodes') }} as postcodes
    inner join {{ ref('int_built_editions') }} as editions
        on postcodes.country_code = editions.country_code
)

select
    postcode_editions.postcode,
    postcode_editions.postcode_key,
    postcode_editions.nation,
    postcode_editions.edition,
    areas.area_code,
    cast(areas.rank as integer) as imd_rank,
    areas.score as imd_score,
    areas.decile as imd_decile,
    areas.quintile as imd_quintile,
    coalesce(areas.lad_code, postcode_editions.lad_code) as lad_code,
    coalesce(areas.lad_name, lads.name) as lad_name,
    areas.local_areas,
    areas.local_rank,
    areas.local_decile,
    areas.local_quintile
from postcode_editions
left join {{ ref('int_area_imd') }} as areas
    on
        postcode_editions.nation = areas.nation
        and postcode_editions.edition = areas.edition
        and postcode_editions.area_code = areas.area_code
left join {{ ref('int_geography_names') }} as lads
    on postcode_editions.lad_code = lads.code
-- By sector, then edition and area: a postcode is found as fast as by a plain sort, and the areas'
-- figures lie in runs, which takes a third off the table (144 to 102 MB, November 2025).
order by
    left(postcode_editions.postcode_key, length(postcode_editions.postcode_key) - 2),
    postcode_editions.edition,
    areas.area_code,
    postcode_editions.postcode_key
