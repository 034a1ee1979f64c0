-- Each area of an edition, and each geography of the directory, that no postcode connects: the area
-- holds none (64 LSOAs of 2021 in November 2025), or theirs have no code of that geography.
with
geographies as (
    {%- for place in geographies() %}
    select
        '{{ place.geography }}' as geography,
        {{ place.made_of_lads or false }} as made_of_lads
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    areas.nation,
    areas.edition,
    areas.area_column,
    areas.area_code,
    areas.lad_code,
    areas.lad_name,
    areas.msoa_code,
    areas.msoa_name,
    geographies.geography,
    geographies.made_of_lads
from {{ ref('int_areas_with_vintage') }} as areas
cross join geographies
left join {{ ref('int_area_places_by_postcodes') }} as votes
    on
        areas.area_column = votes.area_column
        and areas.area_code = votes.area_code
        and geographies.geography = votes.geography
where votes.area_code is null
