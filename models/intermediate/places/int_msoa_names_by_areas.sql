-- The name that an MSOA's areas carry before their letter, as ONS makes them (Broxtowe 004D is in
-- Broxtowe 004).
with
counted as (
    select
        places.geography_code as code,
        left(names.area_name, length(names.area_name) - 1) as name,
        max(places.edition) as edition,
        count(*) as areas
    from {{ ref('int_area_places_official') }} as places
    inner join {{ ref('published_editions') }} as editions
        on places.nation = editions.nation and places.edition = editions.edition
    inner join {{ ref('int_area_names') }} as names
        on editions.area_column = names.area_column and places.area_code = names.area_code
    where
        places.geography = 'msoa'
        and left(right(names.area_name, 4), 3) between '001' and '999'
        and right(names.area_name, 1) between 'A' and 'Z'
    group by places.geography_code, left(names.area_name, length(names.area_name) - 1)
)

select
    code,
    name
from counted
qualify row_number() over (partition by code order by edition desc, areas desc, name) = 1
