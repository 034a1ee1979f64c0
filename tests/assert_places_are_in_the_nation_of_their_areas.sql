-- If this fails, an area was put into a place of another nation: the first letter of ONS's codes is
-- the nation's. Areas of Northern Ireland have codes of other kinds, as had local authorities as
-- published before 2010.
select
    nation,
    edition,
    geography,
    geography_code,
    area_code
from {{ ref('int_area_places_official') }}
where
    geography <> 'lad_published'
    and left(area_code, 1) in ('E', 'W', 'S')
    and left(geography_code, 1) <> left(area_code, 1)
