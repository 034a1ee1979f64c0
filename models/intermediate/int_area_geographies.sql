{{ config(materialized='table') }}

-- Which code of each geography an edition's area belongs to: by its postcodes, or, for the few
-- areas that hold none (64 LSOAs of 2021 in November 2025), by its neighbours, its local authority,
-- the areas it became, ONS's lookups, its name, or the publisher.
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
        -- An LSOA is named after its MSOA and a letter: Broxtowe 004D. No other kind of area is.
        case
            when
                left(right(areas.area_name, 4), 3) between '001' and '999'
                and right(areas.area_name, 1) between 'A' and 'Z'
                then left(areas.area_name, length(areas.area_name) - 1)
        end as msoa_name,
        areas.lad_code as published_lad_code,
        areas.lad_name as published_lad_name,
        areas.msoa_code as published_msoa_code,
        editions.area_column,
        places.geography,
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

-- What most postcodes of a local authority are in, should none of its areas have a vote.
lads as (
    {%- for place in geographies() if place.made_of_lads %}
    select
        lad_code,
        '{{ place.geography }}' as geography,
        {{ place.column }} as geography_code,
        count(*) as postcodes
    from {{ ref('int_postcodes') }}
    where lad_code is not null and {{ place.column }} is not null
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

by_lad as (
    select
        lad_code,
        geography,
        geography_code
    from lads
    qualify row_number() over (
        partition by lad_code, geography order by postcodes desc, geography_code
    ) = 1
),

-- Where most postcodes of the areas are that an older one became. MSOAs are of one census only.
successors as (
    select
        became.area_column,
        became.area_code,
        votes.geography,
        votes.geography_code
    from {{ ref('int_area_successors') }} as became
    inner join {{ ref('int_area_votes') }} as votes
        on became.later_column = votes.area_column and became.later_code = votes.area_code
    where votes.geography <> 'msoa'
    group by became.area_column, became.area_code, votes.geography, votes.geography_code
    qualify row_number() over (
        partition by became.area_column, became.area_code, votes.geography
        order by min(became.steps), sum(votes.postcodes) desc, votes.geography_code
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

memberships as (
    select
        lookups.area_column,
        lookups.area_code,
        places.geography,
        lookups.geography_code,
        votes.geography_code is not null as has_vote
    from {{ ref('int_lookup_memberships') }} as lookups
    inner join places on lookups.lookup = places.lookup
    left join {{ ref('int_area_votes') }} as votes
        on
            lookups.area_column = votes.area_column
            and lookups.area_code = votes.area_code
            and places.geography = votes.geography
),

-- A code that the directory no longer uses, though it has postcodes of that place, would stand
-- alone, so it does not count.
used as (
    select
        area_column,
        geography,
        geography_code
    from memberships
    group by area_column, geography, geography_code
    having
        max(case when has_vote then 1 else 0 end) = 0
        or geography_code in (select geography_code from {{ ref('int_area_votes') }})
),

looked_up as (
    select
        memberships.area_column,
        memberships.area_code,
        memberships.geography,
        min(memberships.geography_code) as geography_code
    from memberships
    inner join used
        on
            memberships.area_column = used.area_column
            and memberships.geography = used.geography
            and memberships.geography_code = used.geography_code
    group by memberships.area_column, memberships.area_code, memberships.geography
),

resolved as (
    select
        without.nation,
        without.edition,
        without.area_code,
        without.geography,
        coalesce(
            neighbours.geography_code,
            by_lad.geography_code,
            successors.geography_code,
            looked_up.geography_code,
            namesakes.geography_code,
            case when without.geography = 'msoa' then without.published_msoa_code end
        ) as geography_code
    from without
    left join neighbours
        on
            without.nation = neighbours.nation
            and without.edition = neighbours.edition
            and without.geography = neighbours.geography
            and without.published_lad_name = neighbours.published_lad_name
    left join by_lad
        on
            without.published_lad_code = by_lad.lad_code
            and without.geography = by_lad.geography
    left join successors
        on
            without.area_code = successors.area_code
            and without.geography = successors.geography
            and without.area_column = successors.area_column
    left join looked_up
        on
            without.area_column = looked_up.area_column
            and without.area_code = looked_up.area_code
            and without.geography = looked_up.geography
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
