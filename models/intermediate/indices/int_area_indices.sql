{{ config(materialized='table') }}

-- The finished figures of an area and index: as published where published, else by the
-- publisher's rule; and those of indices with weights of one's own.
with
ranks as (
    select
        nation,
        edition,
        area_code,
        index_code,
        published_score,
        cast(null as double) as own_score,
        rank,
        mean_rank,
        areas,
        published_decile,
        published_quintile
    from {{ ref('int_index_ranks') }}

    union all

    select
        nation,
        edition,
        area_code,
        index_code,
        cast(null as double) as published_score,
        score as own_score,
        rank,
        mean_rank,
        areas,
        cast(null as integer) as published_decile,
        cast(null as integer) as published_quintile
    from {{ ref('int_own_indices') }}
    -- The official weights give the index that is there already.
    where name <> 'official'
),

figures as (
    select
        ranks.*,
        areas.area_name,
        -- Where no overall score is published, as in Wales, it is recomputed from the domains' ranks.
        coalesce(ranks.published_score, round(coalesce(overall.score, ranks.own_score), 3)) as score,
        coalesce(overall.score, ranks.own_score, ranks.published_score) as unrounded_score,
        areas.lad_code,
        areas.lad_name,
        editions.quantile_rule,
        editions.decile_bounds
    from ranks
    inner join {{ ref('int_built_editions') }} as editions
        on ranks.nation = editions.nation and ranks.edition = editions.edition
    inner join {{ ref('int_areas') }} as areas
        on
            ranks.nation = areas.nation
            and ranks.edition = areas.edition
            and ranks.area_code = areas.area_code
    left join {{ ref('int_overall_scores') }} as overall
        on
            ranks.nation = overall.nation
            and ranks.edition = overall.edition
            and ranks.area_code = overall.area_code
            and ranks.index_code = overall.index_code
)

select
    nation,
    edition,
    area_code,
    area_name,
    index_code,
    score,
    unrounded_score,
    published_score,
    rank,
    mean_rank,
    coalesce(
        published_decile, {{ official_quantile('quantile_rule', 'decile_bounds', 'rank', 'areas', 10) }}
    ) as decile,
    coalesce(
        published_quintile, {{ official_quantile('quantile_rule', 'decile_bounds', 'rank', 'areas', 5) }}
    ) as quintile,
    published_decile,
    published_quintile,
    quantile_rule,
    decile_bounds,
    areas,
    lad_code,
    lad_name,
    -- Wales publishes names of local authorities without codes, England none in 2010.
    case
        when rank is not null and lad_name is not null
            then rank() over (partition by nation, edition, index_code, lad_name order by rank)
    end as lad_rank,
    case
        when rank is not null and lad_name is not null
            then count(*) over (partition by nation, edition, index_code, lad_name)
    end as lad_areas
from figures
