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
        indices.rank
    from {{ ref('int_area_indices') }} as indices
    inner join {{ ref('int_area_memberships') }} as places
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
    {{ ohid_quantile('local_rank', 'local_areas', k) }} as ohid_{{ k }}{{ ',' if not loop.last }}
    {% endfor %}
from ranked
