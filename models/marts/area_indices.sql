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
    areas.lad_areas
from {{ ref('int_area_indices') }} as areas
left join {{ ref('int_imd_scores') }} as scores
    on
        areas.nation = scores.nation
        and areas.edition = scores.edition
        and areas.area_code = scores.area_code
        and areas.index_code = scores.index_code
order by
    areas.nation,
    areas.edition,
    areas.area_code,
    areas.index_code
