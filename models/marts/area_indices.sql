select
    areas.nation,
    areas.edition,
    areas.area_code,
    areas.area_name,
    areas.index_code,
    areas.score,
    areas.rank,
    areas.decile,
    areas.quintile,
    areas.areas,
    areas.lad_code,
    areas.lad_name,
    cast(areas.lad_rank as bigint) as lad_rank,
    cast(areas.lad_areas as bigint) as lad_areas,
    indices.label,
    indices.kind,
    indices.index_order,
    {{ deprivation_label('areas.quintile', 5) }} as quintile_label,
    {{ deprivation_label('areas.decile', 10) }} as decile_label,
    areas.quintile = 1 as is_most_deprived_20pct,
    areas.decile = 1 as is_most_deprived_10pct
from {{ ref('int_area_indices') }} as areas
left join {{ ref('int_indices') }} as indices
    on
        areas.nation = indices.nation
        and areas.edition = indices.edition
        and areas.index_code = indices.index_code
-- By edition first: a question about one edition, and deprivation(), leave the others unread.
order by
    areas.nation,
    areas.edition,
    areas.area_code,
    indices.index_order
