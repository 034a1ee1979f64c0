-- The overall index of every edition for each area of its nation's newest edition. Of several older
-- areas, one rank: see rank_of_parts().
with
newest as (
    select
        nation,
        max(edition) as edition
    from {{ ref('int_built_editions') }}
    group by nation
),

areas as (
    select
        areas.nation,
        areas.edition,
        areas.area_code,
        areas.older_edition,
        areas.older_area_code
    from {{ ref('int_area_predecessors') }} as areas
    inner join newest
        on areas.nation = newest.nation and areas.edition = newest.edition

    union all

    select
        areas.nation,
        areas.edition,
        areas.area_code,
        areas.edition as older_edition,
        areas.area_code as older_area_code
    from {{ ref('int_areas') }} as areas
    inner join newest
        on areas.nation = newest.nation and areas.edition = newest.edition
),

carried as (
    select
        areas.nation,
        areas.edition,
        areas.area_code,
        areas.older_edition,
        count(*) as older_areas,
        {{ rank_of_parts('indices.rank', 'described.population') }} as rank,
        max(indices.decile) as decile,
        max(indices.quintile) as quintile,
        max(indices.areas) as areas,
        max(indices.quantile_rule) as quantile_rule,
        max(indices.decile_bounds) as decile_bounds
    from areas
    inner join {{ ref('int_area_indices') }} as indices
        on
            areas.nation = indices.nation
            and areas.older_edition = indices.edition
            and areas.older_area_code = indices.area_code
    inner join {{ ref('int_areas') }} as described
        on
            indices.nation = described.nation
            and indices.edition = described.edition
            and indices.area_code = described.area_code
    where indices.index_code = 'imd' and indices.rank is not null
    group by areas.nation, areas.edition, areas.area_code, areas.older_edition
)

select
    nation,
    edition,
    area_code,
    older_edition,
    older_areas,
    rank,
    case
        when older_areas = 1 then decile
        else {{ official_quantile('quantile_rule', 'decile_bounds', 'rank', 'areas', 10) }}
    end as decile,
    case
        when older_areas = 1 then quintile
        else {{ official_quantile('quantile_rule', 'decile_bounds', 'rank', 'areas', 5) }}
    end as quintile
from carried
