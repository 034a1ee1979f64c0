with
-- Of several older areas, the mean, weighted by population where it is known for all of them.
older as (
    select
        carried.nation,
        carried.edition,
        carried.older_edition,
        carried.area_code,
        indices.index_code,
        max(indices.areas) as areas,
        case
            when count(described.population) = count(*)
                then sum(indices.rank * described.population) / sum(described.population)
            else avg(indices.rank)
        end as rank
    from {{ ref('int_carried_areas') }} as carried
    inner join {{ ref('int_area_indices') }} as indices
        on
            carried.nation = indices.nation
            and carried.older_edition = indices.edition
            and carried.older_area_code = indices.area_code
    inner join {{ ref('int_areas') }} as described
        on
            indices.nation = described.nation
            and indices.edition = described.edition
            and indices.area_code = described.area_code
    where indices.rank is not null
    group by
        carried.nation, carried.edition, carried.older_edition, carried.area_code, indices.index_code
),

change_codes as (
    select
        nation,
        edition,
        older_edition,
        area_code,
        min(change_code) as change_code
    from {{ ref('int_carried_areas') }}
    group by nation, edition, older_edition, area_code
)

select
    newer.nation,
    newer.edition,
    change_codes.older_edition,
    newer.area_code,
    newer.index_code,
    change_codes.change_code,
    -- In 2025 all indicators of Crime and Living Environment and six of seven of Barriers were
    -- replaced: a move there is a new measure, not a change in the place.
    newer.nation <> 'England'
    or newer.edition <> 2025
    or newer.index_code not in (
        'crime', 'living_environment', 'barriers',
        'geographical_barriers', 'wider_barriers', 'indoors', 'outdoors'
    ) as is_comparable,
    newer.rank,
    newer.decile,
    {{ official_quantile('newer.nation', 'newer.edition', 'newer.rank', 'newer.areas', 100) }}
        as percentile,
    older.rank as older_rank,
    {{ official_quantile('newer.nation', 'change_codes.older_edition', 'older.rank', 'older.areas', 10) }}
        as older_decile,
    {{ official_quantile('newer.nation', 'change_codes.older_edition', 'older.rank', 'older.areas', 100) }}
        as older_percentile
from {{ ref('int_area_indices') }} as newer
inner join change_codes
    on
        newer.nation = change_codes.nation
        and newer.edition = change_codes.edition
        and newer.area_code = change_codes.area_code
left join older
    on
        newer.nation = older.nation
        and newer.edition = older.edition
        and newer.area_code = older.area_code
        and newer.index_code = older.index_code
where newer.rank is not null
order by
    newer.nation,
    newer.edition,
    newer.area_code,
    newer.index_code
