-- What ONS's lookups say an area belongs to. The lookups are about LSOAs of 2021; an older one
-- belongs where those it became belong.
with
geographies as (
    {%- for place in geographies() if place.lookup %}
    select
        '{{ place.geography }}' as geography,
        '{{ place.lookup }}' as lookup
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

lookups as (
    select
        lookups.from_code as area_code,
        geographies.geography,
        lookups.to_year as geography_year,
        lookups.to_code as geography_code
    from {{ ref('stg_ons__lookups') }} as lookups
    inner join geographies on lookups.to_geography = geographies.lookup
    where lookups.from_geography = 'lsoa' and lookups.from_year = 2021
),

places as (
    select
        'lsoa_2021_code' as area_column,
        area_code,
        geography,
        geography_year,
        geography_code
    from lookups

    union all

    select
        became.area_column,
        became.area_code,
        lookups.geography,
        lookups.geography_year,
        lookups.geography_code
    from {{ ref('int_area_successors') }} as became
    inner join lookups on became.later_code = lookups.area_code
    where became.later_column = 'lsoa_2021_code'
),

-- A code that the directory no longer uses, though it has postcodes of that place, would stand
-- alone, so it does not count.
used as (
    select
        places.area_column,
        places.geography,
        places.geography_code
    from places
    left join {{ ref('int_area_places_by_postcodes') }} as votes
        on
            places.area_column = votes.area_column
            and places.area_code = votes.area_code
            and places.geography = votes.geography
    group by places.area_column, places.geography, places.geography_code
    having
        count(votes.area_code) = 0
        or places.geography_code in (
            select geography_code from {{ ref('int_area_places_by_postcodes') }}
        )
)

select
    places.area_column,
    places.area_code,
    places.geography,
    places.geography_code
from places
inner join used
    on
        places.area_column = used.area_column
        and places.geography = used.geography
        and places.geography_code = used.geography_code
-- Lookups of several years may be there: the newest counts.
qualify row_number() over (
    partition by places.area_column, places.area_code, places.geography
    order by places.geography_year desc, places.geography_code
) = 1
