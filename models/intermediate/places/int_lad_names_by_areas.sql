-- For a local authority that was only given a new code since an edition, the name that its areas were
-- published under: the latest, and of several the one of most areas.
with
counted as (
    select
        places.geography_code as code,
        areas.lad_name as name,
        max(areas.edition) as edition,
        count(*) as areas
    from {{ ref('int_area_places_official') }} as places
    inner join {{ ref('int_areas') }} as areas
        on
            places.nation = areas.nation
            and places.edition = areas.edition
            and places.area_code = areas.area_code
    where places.geography = 'lad' and areas.lad_name is not null
    group by places.geography_code, areas.lad_name
)

select
    code,
    name
from counted
qualify row_number() over (partition by code order by edition desc, areas desc, name) = 1
