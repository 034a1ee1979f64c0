-- If this fails, scores or ranks of two areas are swapped: the more deprived by rank has the higher
-- score, where both are published. Holds for every edition to the last published digit.
with
ordered as (
    select
        nation,
        edition,
        index_code,
        area_code,
        rank,
        published_score as score,
        lag(area_code) over (
            partition by nation, edition, index_code order by rank, published_score desc, area_code
        ) as area_before,
        lag(published_score) over (
            partition by nation, edition, index_code order by rank, published_score desc, area_code
        ) as score_before
    from {{ ref('int_area_indices') }}
    where rank is not null and published_score is not null
)

select *
from ordered
where score > score_before
