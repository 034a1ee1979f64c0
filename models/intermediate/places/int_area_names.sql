-- The name of each small area, by vintage (an area that kept its code may have a new name): ONS's,
-- else that of the latest edition.
with
candidates as (
    select
        'lsoa_' || cast(year as string) || '_code' as area_column,
        code as area_code,
        name as area_name,
        1 as preference,
        year
    from {{ ref('stg_ons__geography_names') }}
    where geography = 'lsoa'

    union all

    select
        editions.area_column,
        areas.area_code,
        areas.area_name,
        2 as preference,
        areas.edition as year
    from {{ ref('int_areas') }} as areas
    inner join {{ ref('published_editions') }} as editions
        on areas.nation = editions.nation and areas.edition = editions.edition
    where areas.area_name is not null
)

select
    area_column,
    area_code,
    area_name
from candidates
qualify row_number() over (
    partition by area_column, area_code order by preference, year desc, area_name
) = 1
