-- If this fails, a file of scores beside an edition's own is another's or damaged: it names an area
-- that the edition does not have, or has two rows of one.
select
    supplied.nation,
    supplied.edition,
    supplied.area_code,
    supplied.index_code,
    supplied.rows_in_file
from {{ ref('int_supplied_scores') }} as supplied
inner join {{ ref('int_built_editions') }} as editions
    on supplied.nation = editions.nation and supplied.edition = editions.edition
left join {{ ref('int_areas') }} as areas
    on
        supplied.nation = areas.nation
        and supplied.edition = areas.edition
        and supplied.area_code = areas.area_code
where areas.area_code is null or supplied.rows_in_file > 1
