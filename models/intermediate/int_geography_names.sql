{{ config(materialized='table') }}

-- One name a code: ONS's latest; else the one an edition gives its local authorities; else, for an
-- authority that was only given a new code since, the name that its areas were published under.
with
renamed as (
    select
        places.geography_code as code,
        areas.lad_name as name
    from {{ ref('int_area_geographies') }} as places
    inner join {{ ref('int_areas') }} as areas
        on
            places.nation = areas.nation
            and places.edition = areas.edition
            and places.area_code = areas.area_code
    where places.geography = 'lad' and areas.lad_name is not null
    group by places.geography_code, areas.lad_name
    qualify row_number() over (
        partition by places.geography_code order by max(areas.edition) desc, count(*) desc, areas.lad_name
    ) = 1
),

candidates as (
    select
        code,
        name,
        year,
        1 as preference
    from {{ ref('stg_ons__geography_names') }}

    union all

    select
        lad_code as code,
        lad_name as name,
        edition as year,
        2 as preference
    from {{ ref('int_areas') }}
    where lad_code is not null

    union all

    select
        health_board_code as code,
        health_board_name as name,
        edition as year,
        2 as preference
    from {{ ref('int_areas') }}
    where health_board_code is not null

    union all

    select
        country_code as code,
        nation as name,
        edition as year,
        2 as preference
    from {{ ref('int_built_editions') }}

    union all

    select
        code,
        name,
        0 as year,
        3 as preference
    from renamed

    union all

    select
        name as code,
        name,
        0 as year,
        4 as preference
    from {{ ref('stg_custom_areas') }}
)

select
    code,
    name
from candidates
group by code, name, year, preference
qualify row_number() over (partition by code order by preference, year desc, name) = 1
