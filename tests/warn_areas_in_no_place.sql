{{ config(severity='warn') }}
-- Areas that are missing from the quantiles and summaries of a geography: its code is blank in the
-- directory, or the area has no postcode and is in no lookup.
with
places as (
    select distinct geography
    from {{ ref('int_area_places_official') }}
)

select
    areas.nation,
    areas.edition,
    places.geography,
    count(*) as areas,
    min(areas.area_code) as first_area
from {{ ref('int_areas') }} as areas
cross join places
left join {{ ref('int_area_places_official') }} as found
    on
        areas.nation = found.nation
        and areas.edition = found.edition
        and areas.area_code = found.area_code
        and places.geography = found.geography
where found.area_code is null
group by areas.nation, areas.edition, places.geography
order by areas.nation, areas.edition, places.geography
