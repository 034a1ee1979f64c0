{{ config(materialized='table') }}

-- One name per code: ONS's latest; else the one an edition gives its local authorities; else, for an
-- authority that was only given a new code since, the name that its areas were published under; for
-- an MSOA, the name that its LSOAs carry before their letter, as ONS makes them.
with
candidates as (
    select
        code,
        name,
        year,
        1 as preference
    from {{ ref('stg_ons__geography_names') }}
    where geography <> 'lsoa'

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
    from {{ ref('int_lad_names_by_areas') }}

    union all

    select
        code,
        name,
        0 as year,
        3 as preference
    from {{ ref('int_msoa_names_by_areas') }}

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
