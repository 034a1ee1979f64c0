{%- set geographies = ['lad', 'utla', 'region', 'ward', 'msoa', 'pcon', 'icb', 'sub_icb', 'pfa', 'health_board'] %}
with
-- The year stands in the header of the column: "Total population: mid 2022".
years as (
    select
        nation,
        edition,
        max(cast(nullif(regexp_extract(source_column, 'mid ([0-9]{4})', 1), '') as integer))
            as population_year
    from {{ ref('index_columns') }}
    where measure = 'population'
    group by nation, edition
)

select
    areas.nation,
    areas.edition,
    areas.area_code,
    areas.area_name,
    editions.area_type,
    areas.population,
    areas.population_0_15,
    areas.population_60_plus,
    areas.population_working_age,
    case
        when areas.population is not null
            then coalesce(areas.supplied_population_year, years.population_year)
    end as population_year,
    {% for geography in geographies -%}
    places.{{ geography }}_code,
    places.{{ geography }}_name,
    {% endfor -%}
    areas.lad_code as lad_published_code,
    areas.lad_name as lad_published_name,
    rural_urban.class_code as rural_urban_code,
    rural_urban.class_name as rural_urban_name,
    locations.latitude,
    locations.longitude,
    coalesce(locations.live_postcodes, 0) as live_postcodes
from {{ ref('int_areas') }} as areas
inner join {{ ref('int_built_editions') }} as editions
    on areas.nation = editions.nation and areas.edition = editions.edition
left join years
    on areas.nation = years.nation and areas.edition = years.edition
left join {{ ref('int_area_places_wide') }} as places
    on
        areas.nation = places.nation
        and areas.edition = places.edition
        and areas.area_code = places.area_code
left join {{ ref('int_area_rural_urban') }} as rural_urban
    on editions.area_column = rural_urban.area_column and areas.area_code = rural_urban.area_code
left join {{ ref('int_area_locations') }} as locations
    on editions.area_column = locations.area_column and areas.area_code = locations.area_code
order by areas.nation, areas.edition, areas.area_code
