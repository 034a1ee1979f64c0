-- The published IMD score is the weighted sum of the domains' exponentially transformed ranks; one
-- that is not within 0.001 of it says that a domain or the score was misread.
with
domains as (
    select
        areas.nation,
        areas.edition,
        areas.index_code,
        areas.area_code,
        areas.areas,
        areas.rank,
        indices.weight,
        -- The mean of the positions that tied areas share.
        areas.rank + (
            count(*) over (
                partition by areas.nation, areas.edition, areas.index_code, areas.rank
            ) - 1
        ) / 2.0 as mean_rank
    from {{ ref('int_area_indices') }} as areas
    inner join {{ ref('indices') }} as indices
        on
            areas.nation = indices.nation
            and areas.edition = indices.edition
            and areas.index_code = indices.index_code
    where
        indices.kind = 'domain'
        and areas.nation = 'England'
        and areas.rank is not null
),

recomputed as (
    select
        nation,
        edition,
        area_code,
        sum(weight * -23 * ln(1 - (areas - mean_rank + 1) / areas * (1 - exp(-100 / 23.0)))) as score
    from domains
    group by nation, edition, area_code
    having count(*) = 7
)

select
    recomputed.nation,
    recomputed.edition,
    recomputed.area_code,
    published.score as published_score,
    recomputed.score as recomputed_score
from recomputed
inner join {{ ref('int_area_indices') }} as published
    on
        recomputed.nation = published.nation
        and recomputed.edition = published.edition
        and recomputed.area_code = published.area_code
        and published.index_code = 'imd'
where abs(recomputed.score - published.score) > 0.001
