{{ config(materialized='table') }}

-- Which code of each geography an edition's area belongs to: by its postcodes, or, for the few
-- areas that hold none (64 LSOAs of 2021 in November 2025), by ONS's lookups or its neighbours.
with
places as (
    {%- for place in geographies() %}
    select
        '{{ place.geography }}' as geography,
        '{{ place.lookup }}' as lookup,
        {{ place.made_of_lads or false }} as made_of_lads
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

by_postcodes as (
    select
        areas.nation,
        areas.edition,
        areas.area_code,
        -- An LSOA is named after its MSOA and a letter.
        left(areas.area_name, length(areas.area_name) - 1) as msoa_name,
        areas.lad_name as published_lad_name,
        editions.area_column,
        places.geography,
        places.lookup,
        places.made_of_lads,
        votes.geography_code
    from {{ ref('int_areas') }} as areas
    inner join {{ ref('published_editions') }} as editions
        on areas.nation = editions.nation and areas.edition = editions.edition
    cross join places
    left join {{ ref('int_area_votes') }} as votes
        on
            editions.area_column = votes.area_column
            and areas.area_code = votes.area_code
            and places.geography = votes.geography
),

without as (
    select *
    from by_postcodes
    where geography_code is null
),

-- Of the areas that the publisher puts in the same local authority, most are now in this code.
neighbours as (
    select
        nation,
        edition,
        geography,
        published_lad_name,
        geography_code
    from by_postcodes
    where made_of_lads and geography_code is not null
    group by nation, edition, geography, published_lad_name, geography_code
    qualify row_number() over (
        partition by nation, edition, geography, published_lad_name
        order by count(*) desc, geography_code
    ) = 1
),

namesakes as (
    select
        nation,
        edition,
        geography,
        msoa_name,
        min(geography_code) as geography_code
    from by_postcodes
    where geography = 'msoa' and geography_code is not null
    group by nation, edition, geography, msoa_name
),

-- A code that the directory no longer uses would stand alone, so it does not count.
looked_up as (
    select
        memberships.area_column,
        memberships.area_code,
        memberships.lookup,
        min(memberships.geography_code) as geography_code
    from {{ ref('int_lookup_memberships') }} as memberships
    where memberships.geography_code in (select geography_code from {{ ref('int_area_votes') }})
    group by memberships.area_column, memberships.area_code, memberships.lookup
),

resolved as (
    select
        without.nation,
        without.edition,
        without.area_code,
        without.geography,
        coalesce(
            neighbours.geography_code, looked_up.geography_code, namesakes.geography_code
        ) as geography_code
    from without
    left join neighbours
        on
            without.nation = neighbours.nation
            and without.edition = neighbours.edition
            and without.geography = neighbours.geography
            and without.published_lad_name = neighbours.published_lad_name
    left join looked_up
        on
            without.area_column = looked_up.area_column
            and without.area_code = looked_up.area_code
            and without.lookup = looked_up.lookup
    left join namesakes
        on
            without.nation = namesakes.nation
            and without.edition = namesakes.edition
            and without.geography = namesakes.geography
            and without.msoa_name = namesakes.msoa_name
)

select
    nation,
    edition,
    area_code,
    geography,
    geography_code
from by_postcodes
where geography_code is not null

union all

select
    nation,
    edition,
    area_code,
    geography,
    geography_code
from resolved
where geography_code is not null

union all

select
    nation,
    edition,
    area_code,
    'lad_published' as geography,
    lad_code as geography_code
from {{ ref('int_areas') }}
where lad_code is not null

union all

select
    nation,
    edition,
    area_code,
    'health_board' as geography,
    health_board_code as geography_code
from {{ ref('int_areas') }}
where health_board_code is not null

union all

select
    areas.nation,
    areas.edition,
    areas.area_code,
    'nation' as geography,
    editions.country_code as geography_code
from {{ ref('int_areas') }} as areas
inner join {{ ref('int_built_editions') }} as editions
    on areas.nation = editions.nation and areas.edition = editions.edition
