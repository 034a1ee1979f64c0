-- Each area of a newer edition with the areas of the older one that it is, was part of, or is made
-- of. None for an irregular change: no part of either is known to be the other's.
select
    pairs.nation,
    pairs.edition,
    pairs.older_edition,
    areas.area_code,
    case
        when pairs.area_column = pairs.older_area_column then 'U'
        else changes.change
    end as change_code,
    case
        when pairs.area_column = pairs.older_area_column then areas.area_code
        when changes.change <> 'X' then changes.from_code
    end as older_area_code
from {{ ref('int_edition_pairs') }} as pairs
inner join {{ ref('int_areas') }} as areas
    on pairs.nation = areas.nation and pairs.edition = areas.edition
left join {{ ref('stg_ons__area_changes') }} as changes
    on
        areas.area_code = changes.to_code
        and changes.from_year = 2011
        and changes.to_year = 2021
