{{ config(materialized='table') }}

-- The one place of each geography that an area of an edition belongs to: by its postcodes, else by
-- the best of the candidates; and the places that the publisher gives.
with
candidates as (
    select
        nation,
        edition,
        area_code,
        geography,
        geography_code
    from {{ ref('int_area_place_candidates') }}
    qualify row_number() over (
        partition by nation, edition, area_code, geography order by preference
    ) = 1
)

select
    areas.nation,
    areas.edition,
    areas.area_code,
    votes.geography,
    votes.geography_code
from {{ ref('int_areas_with_vintage') }} as areas
inner join {{ ref('int_area_places_by_postcodes') }} as votes
    on areas.area_column = votes.area_column and areas.area_code = votes.area_code

union all

select *
from candidates

union all

select
    nation,
    edition,
    area_code,
    'lad_published' as geography,
    lad_code as geography_code
from {{ ref('int_areas') }}
where lad_code is not null

union all

select
    nation,
    edition,
    area_code,
    'health_board' as geography,
    health_board_code as geography_code
from {{ ref('int_areas') }}
where health_board_code is not null

union all

select
    areas.nation,
    areas.edition,
    areas.area_code,
    'nation' as geography,
    editions.country_code as geography_code
from {{ ref('int_areas') }} as areas
inner join {{ ref('int_built_editions') }} as editions
    on areas.nation = editions.nation and areas.edition = editions.edition
