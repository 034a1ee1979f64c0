-- Where an area stands in an edition, and where its land stood in an older one.
with
-- Of several older areas, one rank: see rank_of_parts().
older as (
    select
        predecessors.nation,
        predecessors.edition,
        predecessors.older_edition,
        predecessors.area_code,
        indices.index_code,
        max(indices.areas) as areas,
        max(indices.quantile_rule) as quantile_rule,
        max(indices.decile_bounds) as decile_bounds,
        {{ rank_of_parts('indices.rank', 'described.population') }} as rank
    from {{ ref('int_area_predecessors') }} as predecessors
    inner join {{ ref('int_area_indices') }} as indices
        on
            predecessors.nation = indices.nation
            and predecessors.older_edition = indices.edition
            and predecessors.older_area_code = indices.area_code
    inner join {{ ref('int_areas') }} as described
        on
            indices.nation = described.nation
            and indices.edition = described.edition
            and indices.area_code = described.area_code
    where
        indices.rank is not null
        -- Nobody has assessed how indices of one's own compare.
        and indices.index_code not like 'own:%'
    group by
        predecessors.nation,
        predecessors.edition,
        predecessors.older_edition,
        predecessors.area_code,
        indices.index_code
),

pairs as (
    select
        nation,
        edition,
        older_edition,
        area_code,
        is_previous,
        min(change_code) as change_code
    from {{ ref('int_area_predecessors') }}
    group by nation, edition, older_edition, area_code, is_previous
)

select
    newer.nation,
    newer.edition,
    pairs.older_edition,
    newer.area_code,
    newer.index_code,
    pairs.is_previous,
    pairs.change_code,
    coalesce(comparability.is_comparable, 'not assessed') as is_comparable,
    newer.rank,
    newer.decile,
    {{ official_quantile('newer.quantile_rule', 'newer.decile_bounds', 'newer.rank', 'newer.areas', 100) }}
        as percentile,
    older.rank as older_rank,
    {{ official_quantile('older.quantile_rule', 'older.decile_bounds', 'older.rank', 'older.areas', 10) }}
        as older_decile,
    {{ official_quantile('older.quantile_rule', 'older.decile_bounds', 'older.rank', 'older.areas', 100) }}
        as older_percentile
from {{ ref('int_area_indices') }} as newer
inner join pairs
    on
        newer.nation = pairs.nation
        and newer.edition = pairs.edition
        and newer.area_code = pairs.area_code
left join older
    on
        pairs.nation = older.nation
        and pairs.edition = older.edition
        and pairs.older_edition = older.older_edition
        and newer.area_code = older.area_code
        and newer.index_code = older.index_code
left join {{ ref('comparability') }} as comparability
    on
        pairs.nation = comparability.nation
        and pairs.edition = comparability.edition
        and pairs.older_edition = comparability.older_edition
        and newer.index_code = comparability.index_code
-- An index that an edition further back lacks is compared with nothing.
where
    newer.rank is not null
    and newer.index_code not like 'own:%'
    and (pairs.is_previous or older.rank is not null)
