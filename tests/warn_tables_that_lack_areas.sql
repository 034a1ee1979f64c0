{{ config(severity='warn') }}
-- Lookups and census tables that hold some of a nation's areas and not all: cut off, it seems, or of
-- a part of the country. Areas that they lack are left out of what is made of them.
with
tables as (
    select distinct
        'lookup to ' || to_geography || ' ' || to_year as table_name,
        'lsoa_' || from_year || '_code' as area_column,
        from_code as area_code
    from {{ ref('stg_ons__lookups') }}
    where from_geography = 'lsoa'

    union

    select
        source as table_name,
        cast(null as string) as area_column,
        area_code
    from {{ ref('stg_measure_values') }}

    union

    select
        'household_deprivation_2021' as table_name,
        'lsoa_2021_code' as area_column,
        area_code
    from {{ ref('stg_census__household_deprivation_2021') }}

    union

    select
        'townsend_2011' as table_name,
        'lsoa_2011_code' as area_column,
        area_code
    from {{ ref('stg_census__townsend_2011') }}
),

found as (
    select
        tables.table_name,
        areas.nation,
        areas.edition,
        count(*) as areas
    from tables
    inner join {{ ref('int_areas') }} as areas
        on tables.area_code = areas.area_code
    inner join {{ ref('int_built_editions') }} as editions
        on areas.nation = editions.nation and areas.edition = editions.edition
    where coalesce(tables.area_column, editions.area_column) = editions.area_column
    group by tables.table_name, areas.nation, areas.edition
)

-- Where it is not said whose areas they are: of the edition that they are nearest to.
select
    found.table_name,
    found.nation,
    max(found.areas) as areas,
    round(max(found.areas / editions.areas), 4) as share_of_areas
from found
inner join {{ ref('int_built_editions') }} as editions
    on found.nation = editions.nation and found.edition = editions.edition
group by found.table_name, found.nation
having max(found.areas / editions.areas) < 1
order by found.table_name, found.nation
