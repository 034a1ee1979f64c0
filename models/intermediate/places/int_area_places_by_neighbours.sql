-- What most of the areas are in that lie in the same local authority as published (for geographies
-- made of whole authorities), and most of those named after the same MSOA.
with
neighbours as (
    select
        areas.nation,
        areas.edition,
        votes.geography,
        case when votes.geography = 'msoa' then areas.msoa_name else areas.lad_name end as shared_name,
        votes.geography_code
    from {{ ref('int_areas_with_vintage') }} as areas
    inner join {{ ref('int_area_places_by_postcodes') }} as votes
        on areas.area_column = votes.area_column and areas.area_code = votes.area_code
    where
        votes.geography in (
            'msoa'
            {%- for place in geographies() if place.made_of_lads -%}
            , '{{ place.geography }}'
            {%- endfor -%}
        )
),

counted as (
    select
        nation,
        edition,
        geography,
        shared_name,
        geography_code,
        count(*) as areas
    from neighbours
    where shared_name is not null
    group by nation, edition, geography, shared_name, geography_code
)

select
    nation,
    edition,
    geography,
    shared_name,
    geography_code
from counted
qualify row_number() over (
    partition by nation, edition, geography, shared_name
    order by areas desc, geography_code
) = 1
