{{ config(materialized='table') }}

-- The parts of sectors and outcodes that lie in one area of an edition: an area has one decile, a
-- sector one outcode.
with
sector_parts as (
    select
        postcodes.outcode,
        postcodes.sector,
        postcodes.nation,
        postcodes.edition,
        postcodes.area_code,
        areas.decile,
        areas.quintile,
        count(*) as postcodes
    from {{ ref('int_postcode_areas') }} as postcodes
    inner join {{ ref('int_area_indices') }} as areas
        on
            postcodes.nation = areas.nation
            and postcodes.edition = areas.edition
            and postcodes.area_code = areas.area_code
    where
        areas.index_code = 'imd'
        and areas.decile is not null
    group by all
)

select
    'sector' as level,
    sector as partial,
    *
from sector_parts

union all

select
    'outcode' as level,
    outcode as partial,
    *
from sector_parts
