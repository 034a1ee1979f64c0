-- If this fails, a weight or domain of the Welsh index is wrong: scores recomputed from the
-- domains' ranks must put the areas in the published order. All 1,909 areas of 2019 are in the same
-- place, and of 2025 all but two that change places.
with
ordered as (
    select
        scores.nation,
        scores.edition,
        scores.area_code,
        areas.rank,
        rank() over (
            partition by scores.nation, scores.edition order by scores.score desc
        ) as recomputed_rank
    from {{ ref('int_overall_scores') }} as scores
    inner join {{ ref('int_area_indices') }} as areas
        on
            scores.nation = areas.nation
            and scores.edition = areas.edition
            and scores.area_code = areas.area_code
            and scores.index_code = areas.index_code
    where scores.nation = 'Wales'
)

select *
from ordered
where abs(rank - recomputed_rank) > 1
