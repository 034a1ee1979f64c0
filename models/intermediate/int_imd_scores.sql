{{ config(materialized='table') }}

-- The overall score before rounding, which Wales does not publish: the weighted sum of the domains'
-- exponentially transformed ranks, R = (N - r + 1) / N, E = -23 ln(1 - R (1 - exp(-100 / 23))).
-- Equal to the published score to its three decimals for all 33,755 LSOAs of 2025.
with
weighted as (
    select
        areas.nation,
        areas.edition,
        areas.area_code,
        count(areas.rank) = count(*) as is_complete,
        sum(
            indices.weight
            * -23 * ln(1 - (areas.areas - areas.mean_rank + 1) / areas.areas * (1 - exp(-100 / 23.0)))
        ) as score
    from {{ ref('int_area_indices') }} as areas
    inner join {{ ref('indices') }} as indices
        on
            areas.nation = indices.nation
            and areas.edition = indices.edition
            and areas.index_code = indices.index_code
    where
        indices.kind = 'domain'
        and (areas.nation = 'Wales' or (areas.nation = 'England' and areas.edition >= 2015))
    group by areas.nation, areas.edition, areas.area_code
)

select
    nation,
    edition,
    area_code,
    'imd' as index_code,
    score
from weighted
where is_complete
