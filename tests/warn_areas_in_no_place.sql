{{ config(severity='warn') }}
-- Areas that belong to no code of a geography: it is blank in the directory, or they hold no
-- postcode and no lookup speaks of them. They are in none of its quantiles and summaries.
with
places as (
    select distinct geography
    from {{ ref('int_area_geographies') }}
)

select
    areas.nation,
    areas.edition,
    places.geography,
    count(*) as areas,
    min(areas.area_code) as first_area
from {{ ref('int_areas') }} as areas
cross join places
left join {{ ref('int_area_geographies') }} as found
    on
        areas.nation = found.nation
        and areas.edition = found.edition
        and areas.area_code = found.area_code
        and places.geography = found.geography
where found.area_code is null
group by areas.nation, areas.edition, places.geography
order by areas.nation, areas.edition, places.geography
