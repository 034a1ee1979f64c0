{{ config(materialized='table') }}

-- Every place that an area is ranked within and summed to. Places have numbers too: what is summed
-- and sorted from here runs to tens of millions of rows, slow by name.
with
area_places as (
    select
        nation,
        edition,
        geography,
        geography_code,
        area_code
    from {{ ref('int_area_places_official') }}

    union all

    select distinct
        nation,
        edition,
        geography,
        geography_code,
        area_code
    from {{ ref('int_area_places_custom') }}
),

places as (
    select
        nation,
        edition,
        geography,
        geography_code,
        cast(row_number() over (order by nation, edition, geography, geography_code) as integer)
            as place_id
    from area_places
    group by nation, edition, geography, geography_code
)

select
    area_places.nation,
    area_places.edition,
    area_places.geography,
    area_places.geography_code,
    area_places.area_code,
    places.place_id
from area_places
inner join places
    on
        area_places.nation = places.nation
        and area_places.edition = places.edition
        and area_places.geography = places.geography
        and area_places.geography_code = places.geography_code
