select
    areas.nation,
    areas.edition,
    areas.area_code,
    areas.area_name,
    areas.index_code,
    -- Wales publishes ranks only: its overall score is recomputed from them.
    coalesce(areas.score, round(scores.score, 3)) as score,
    areas.rank,
    areas.decile,
    areas.quintile,
    areas.areas,
    areas.lad_code,
    areas.lad_name,
    areas.lad_rank,
    areas.lad_areas,
    indices.label,
    indices.kind,
    indices.index_order
from {{ ref('int_area_indices') }} as areas
left join {{ ref('int_imd_scores') }} as scores
    on
        areas.nation = scores.nation
        and areas.edition = scores.edition
        and areas.area_code = scores.area_code
        and areas.index_code = scores.index_code
left join {{ ref('indices') }} as indices
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
