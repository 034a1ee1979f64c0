-- If this fails, the edition's file was altered or is incomplete: a rank is below 1 or above N, or
-- its ties do not add up.
with
ranked as (
    select
        nation,
        edition,
        index_code,
        area_code,
        areas,
        rank,
        rank() over (partition by nation, edition, index_code order by rank) as expected_rank
    from {{ ref('int_area_indices') }}
    where rank is not null
)

select ranked.*
from ranked
inner join {{ ref('int_built_editions') }} as editions
    on ranked.nation = editions.nation and ranked.edition = editions.edition
where
    ranked.rank < 1
    or ranked.rank > ranked.areas
    or (editions.tie_rule = 'lowest' and ranked.rank <> ranked.expected_rank)
