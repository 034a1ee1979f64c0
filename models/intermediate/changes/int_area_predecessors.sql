{{ config(materialized='table') }}

-- Each area of a newer edition with the areas of an older one that it is, was part of, or is made
-- of. None for an irregular change: no part of either is known to be the other's.
with
-- Parts that came to an area in different ways leave no way to carry a rank.
changes as (
    select
        later_column as area_column,
        later_code as area_code,
        area_column as older_area_column,
        area_code as older_area_code,
        min(change) over (partition by later_column, later_code, area_column) as first_change,
        max(change) over (partition by later_column, later_code, area_column) as last_change
    from {{ ref('int_area_successors') }}
),

carried as (
    select distinct
        area_column,
        area_code,
        older_area_column,
        case when first_change = last_change then first_change else 'X' end as change_code,
        case when first_change = last_change and first_change <> 'X' then older_area_code end
            as older_area_code
    from changes
)

select
    pairs.nation,
    pairs.edition,
    pairs.older_edition,
    pairs.is_previous,
    areas.area_code,
    case
        when pairs.area_column = pairs.older_area_column then 'U'
        else carried.change_code
    end as change_code,
    case
        when pairs.area_column = pairs.older_area_column then areas.area_code
        else carried.older_area_code
    end as older_area_code
from {{ ref('int_areas') }} as areas
inner join {{ ref('int_edition_pairs') }} as pairs
    on areas.nation = pairs.nation and areas.edition = pairs.edition
left join carried
    on
        areas.area_code = carried.area_code
        and pairs.area_column = carried.area_column
        and pairs.older_area_column = carried.older_area_column
