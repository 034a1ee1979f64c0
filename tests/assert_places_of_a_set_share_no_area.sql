-- If this fails, two places of one set of custom areas hold the same area, so it would count twice:
-- take the area, or the authority or county around it, out of one of them.
select
    nation,
    edition,
    area_code,
    geography,
    min(geography_code) as place,
    max(geography_code) as other_place
from {{ ref('int_area_places_custom') }}
group by nation, edition, area_code, geography
having min(geography_code) <> max(geography_code)
