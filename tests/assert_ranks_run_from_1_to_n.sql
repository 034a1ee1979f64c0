-- A rank below 1 or above the number of areas, or of a number of areas that tie for it, is an
-- altered or incomplete file.
with
tied as (
    select
        nation,
        edition,
        index_code,
        rank,
        min(area_code) as area_code,
        min(areas) as areas,
        count(*) as times
    from {{ ref('int_area_indices') }}
    where rank is not null
    group by nation, edition, index_code, rank
),

counted as (
    select
        *,
        sum(times) over (
            partition by nation, edition, index_code order by rank
        ) - times + 1 as expected_rank
    from tied
)

select *
from counted
where
    rank < 1
    or rank > areas
    or (nation = 'England' and rank <> expected_rank)
