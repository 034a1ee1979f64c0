{{ config(materialized='table') }}

-- Every two editions of a nation where the areas of the older can be carried to those of the newer:
-- the same vintage, or vintages that the lookups connect.
with
-- The first letter of ONS's codes is the nation's.
carried as (
    select distinct
        left(later_code, 1) as nation_letter,
        area_column as older_area_column,
        later_column as area_column
    from {{ ref('int_area_successors') }}
),

ordered as (
    select
        *,
        row_number() over (partition by nation order by edition) as place
    from {{ ref('int_built_editions') }}
)

select
    newer.nation,
    newer.edition,
    newer.area_column,
    older.edition as older_edition,
    older.area_column as older_area_column,
    newer.place = older.place + 1 as is_previous
from ordered as newer
inner join ordered as older
    on newer.nation = older.nation and newer.place > older.place
left join carried
    on
        left(newer.country_code, 1) = carried.nation_letter
        and older.area_column = carried.older_area_column
        and newer.area_column = carried.area_column
where newer.area_column = older.area_column or carried.area_column is not null
