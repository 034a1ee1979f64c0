{{ config(materialized='table') }}

-- How much of each edition the directory reaches: areas that no postcode lies in, and the nation's
-- live postcodes that lie in none of its areas.
with
together as (
    select
        country_code,
        lsoa_2001_code,
        lsoa_2011_code,
        lsoa_2021_code,
        count(case when is_live then 1 end) as live_postcodes
    from {{ ref('int_postcodes') }}
    group by country_code, lsoa_2001_code, lsoa_2011_code, lsoa_2021_code
),

by_edition as (
    select
        editions.nation,
        editions.edition,
        {{ area_of_vintage('together', 'editions.area_column') }} as area_code,
        together.live_postcodes
    from together
    inner join {{ ref('int_built_editions') }} as editions
        on together.country_code = editions.country_code
),

placed as (
    select
        nation,
        edition,
        area_code,
        sum(live_postcodes) as live_postcodes
    from by_edition
    group by nation, edition, area_code
),

compared as (
    select
        coalesce(areas.nation, placed.nation) as nation,
        coalesce(areas.edition, placed.edition) as edition,
        areas.area_code,
        placed.nation is not null as has_postcodes,
        coalesce(placed.live_postcodes, 0) as live_postcodes
    from {{ ref('int_areas') }} as areas
    full outer join placed
        on
            areas.nation = placed.nation
            and areas.edition = placed.edition
            and areas.area_code = placed.area_code
)

select
    nation,
    edition,
    count(area_code) as areas,
    count(case when area_code is not null and not has_postcodes then 1 end) as areas_without_postcodes,
    min(case when not has_postcodes then area_code end) as first_area_without_postcodes,
    sum(live_postcodes) as live_postcodes,
    sum(case when area_code is null then live_postcodes else 0 end) as live_postcodes_without_area
from compared
group by nation, edition
