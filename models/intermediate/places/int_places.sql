-- Every place once: those of today's directory, and those that only an edition or a user's own list
-- knows, such as local authorities that are gone.
with
nations as (
    select
        directory.code as country_code,
        names.name as nation
    from {{ ref('int_directory_places') }} as directory
    inner join {{ ref('int_geography_names') }} as names
        on directory.code = names.code
    where directory.geography = 'nation'
),

-- A custom place may cross a border: then it has no nation.
edition_places as (
    select
        geography,
        geography_code as code,
        case when count(distinct nation) = 1 then min(nation) end as nation
    from {{ ref('int_area_places') }}
    group by geography, geography_code
),

candidates as (
    select
        directory.geography,
        directory.code,
        nations.nation,
        directory.parent_geography,
        directory.parent_code,
        true as in_use,
        1 as preference
    from {{ ref('int_directory_places') }} as directory
    left join nations
        on directory.country_code = nations.country_code

    union all

    select
        places.geography,
        places.code,
        places.nation,
        case when nations.country_code is not null then 'nation' end as parent_geography,
        nations.country_code as parent_code,
        -- Health boards are not in the directory: in use as far as is known.
        places.geography = 'health_board'
        or places.geography like 'custom:%'
        or places.code in (select code from {{ ref('int_directory_places') }}) as in_use,
        2 as preference
    from edition_places as places
    left join nations
        on places.nation = nations.nation and places.geography not like 'custom:%'
)

select
    candidates.geography,
    candidates.code,
    names.name,
    candidates.nation,
    candidates.parent_geography,
    candidates.parent_code,
    candidates.in_use
from candidates
left join {{ ref('int_geography_names') }} as names
    on candidates.code = names.code
qualify row_number() over (
    partition by candidates.geography, candidates.code order by candidates.preference
) = 1
