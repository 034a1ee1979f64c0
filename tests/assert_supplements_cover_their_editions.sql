-- If this fails, a file of populations beside an edition's is that of other areas, or cut off: some of
-- the edition's areas get their populations from it, and others none.
with
supplied as (
    select distinct
        nation,
        edition,
        measure
    from {{ ref('stg_supplement_values') }}
)

select
    areas.nation,
    areas.edition,
    areas.area_code,
    supplied.measure
from {{ ref('int_areas') }} as areas
inner join supplied
    on areas.nation = supplied.nation and areas.edition = supplied.edition
left join {{ ref('stg_supplement_values') }} as found
    on
        areas.nation = found.nation
        and areas.edition = found.edition
        and areas.area_code = found.area_code
        and supplied.measure = found.measure
where found.value is null
