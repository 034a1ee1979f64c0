-- If this fails, the edition's file was altered or is incomplete: a rank is below 1 or above N, or
-- its ties do not add up.
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

select counted.*
from counted
inner join {{ ref('int_built_editions') }} as editions
    on counted.nation = editions.nation and counted.edition = editions.edition
where
    rank < 1
    or rank > counted.areas
    or (editions.tie_rule = 'lowest' and rank <> expected_rank)
