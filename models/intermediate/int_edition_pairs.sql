-- Each edition with the one before it in its nation, where the areas of the older can be carried to
-- those of the newer: the same vintage, or LSOA 2011 to 2021.
with
ordered as (
    select
        nation,
        edition,
        area_column,
        lag(edition) over (partition by nation order by edition) as older_edition,
        lag(area_column) over (partition by nation order by edition) as older_area_column
    from {{ ref('int_built_editions') }}
)

select *
from ordered
where
    area_column = older_area_column
    or (older_area_column = 'lsoa_2011_code' and area_column = 'lsoa_2021_code')
