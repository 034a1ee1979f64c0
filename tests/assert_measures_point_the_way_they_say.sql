-- If this fails, a map of the measure is upside down: over its areas it must rise with the overall
-- score of an edition on the same areas, or fall, as is_higher_more_deprived says.
select
    measures.measure_code,
    measures.year,
    editions.edition,
    corr(measures.value, indices.score) as correlation
from {{ ref('area_measures') }} as measures
inner join {{ ref('area_indices') }} as indices
    on measures.area_code = indices.area_code and indices.index_code = 'imd'
inner join {{ ref('editions') }} as editions
    on
        indices.nation = editions.nation
        and indices.edition = editions.edition
        and measures.area_type like '%' || editions.area_type || '%'
where indices.nation = 'England' and measures.is_higher_more_deprived is not null
group by
    measures.measure_code,
    measures.year,
    measures.is_higher_more_deprived,
    editions.edition
having
    measures.is_higher_more_deprived <> (corr(measures.value, indices.score) > 0)
    -- Ten areas by chance can go either way.
    and count(*) > 100
