{{ config(materialized='table') }}

-- Where an area stands among the areas of each place it belongs to, by its published national rank.
with
members as (
    select
        indices.nation,
        indices.edition,
        indices.index_code,
        places.geography,
        places.geography_code,
        indices.area_code,
        indices.rank,
        areas.population
    from {{ ref('int_area_indices') }} as indices
    inner join {{ ref('int_areas') }} as areas
        on
            indices.nation = areas.nation
            and indices.edition = areas.edition
            and indices.area_code = areas.area_code
    inner join {{ ref('int_area_places') }} as places
        on
            indices.nation = places.nation
            and indices.edition = places.edition
            and indices.area_code = places.area_code
    where
        indices.rank is not null
        and indices.index_code in ('{{ var("local_indices") | join("', '") }}')  -- noqa: LT05
),

ranked as (
    select
        *,
        count(*) over (partition by nation, edition, index_code, geography, geography_code)
            as local_areas,
        rank() over (
            partition by nation, edition, index_code, geography, geography_code order by rank
        ) as local_rank,
        count(population) over (partition by nation, edition, index_code, geography, geography_code)
            as areas_with_population,
        sum(population) over (partition by nation, edition, index_code, geography, geography_code)
            as total_population,
        sum(population) over (
            partition by nation, edition, index_code, geography, geography_code
            order by rank, area_code
            rows between unbounded preceding and current row
        ) as population_so_far,
        -- Ties are cut by code, so that the same input always gives the same groups.
        {% for k in [3, 4, 5, 10, 20] -%}
        ntile({{ k }}) over (
            partition by nation, edition, index_code, geography, geography_code
            order by rank, area_code
        ) as ntile_{{ k }}{{ ',' if not loop.last }}
        {% endfor -%}
    from members
)

select
    nation,
    edition,
    index_code,
    geography,
    geography_code,
    area_code,
    local_areas,
    local_rank,
    ntile_3,
    ntile_4,
    ntile_5,
    ntile_10,
    ntile_20,
    {% for k in [3, 4, 5, 10, 20] -%}
    {{ ohid_quantile('local_rank', 'local_areas', k) }} as ohid_{{ k }},
    {% endfor -%}
    -- Groups of equal population: the one in which the middle person of the area falls, counted from
    -- the most deprived area on.
    {% for k in [5, 10] -%}
    case
        when areas_with_population = local_areas
            then cast(least(
                {{ k }},
                floor({{ k }} * (population_so_far - population / 2.0) / nullif(total_population, 0)) + 1
            ) as integer)
    end as population_{{ k }}{{ ',' if not loop.last }}
    {% endfor %}
from ranked
