{{ config(materialized='table') }}

-- The mean reversed rank of a place's most deprived areas that hold exactly a tenth of its people:
-- the last of them counts in part.
with
running as (
    select
        members.place_id,
        areas.index_code,
        areas.population,
        areas.reversed_rank,
        -- Tied areas have the same reversed rank; by code, so that not even the last digit depends
        -- on their order.
        sum(areas.population) over (
            partition by members.place_id, areas.index_id
            order by areas.rank, areas.area_code
            rows between unbounded preceding and current row
        ) as population_so_far
    from {{ ref('int_weighted_areas') }} as areas
    inner join {{ ref('int_area_places') }} as members
        on
            areas.nation = members.nation
            and areas.edition = members.edition
            and areas.area_code = members.area_code
    where areas.population is not null
),

tenths as (
    select
        place_id,
        index_code,
        max(population_so_far) / 10 as tenth
    from running
    group by place_id, index_code
)

select
    running.place_id,
    running.index_code,
    {{ repeatable_sum(
        'least(running.population, tenths.tenth - (running.population_so_far - running.population))'
        ~ ' * running.reversed_rank'
    ) }} / nullif(max(tenths.tenth), 0) as local_concentration
from running
inner join tenths
    on running.place_id = tenths.place_id and running.index_code = tenths.index_code
where running.population_so_far - running.population < tenths.tenth
group by running.place_id, running.index_code
