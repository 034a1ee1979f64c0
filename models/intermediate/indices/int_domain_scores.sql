{{ config(materialized='table') }}

-- The score of each domain, which overall scores add up; null for a domain that the edition's file
-- leaves blank. Its rank is taken to 0 to 100, so that the most deprived areas stand out:
-- R = (N - r + 1) / N, E = -23 ln(1 - R (1 - exp(-100 / 23))). Within 0.00052 of the transformed
-- scores that England published in 2019 (File 9), which are rounded. England and Wales take the mean
-- of the places of tied areas as r, Scotland and Northern Ireland the rank as they publish it.
with
placed as (
    select
        ranks.nation,
        ranks.edition,
        ranks.area_code,
        ranks.index_code,
        indices.weight,
        case when editions.score_tie_rule = 'published' then ranks.rank else ranks.mean_rank end
            as place,
        ranks.areas
    from {{ ref('int_index_ranks') }} as ranks
    inner join {{ ref('int_built_editions') }} as editions
        on ranks.nation = editions.nation and ranks.edition = editions.edition
    inner join {{ ref('indices') }} as indices
        on
            ranks.nation = indices.nation
            and ranks.edition = indices.edition
            and ranks.index_code = indices.index_code
    where indices.kind = 'domain'
)

select
    nation,
    edition,
    area_code,
    index_code,
    weight,
    -23 * ln(1 - (areas - place + 1) / areas * (1 - exp(-100 / 23e0))) as score
from placed
