with
directory as (
    select
        'sector' as level,
        sector as partial,
        country_code,
        is_live
    from {{ ref('int_postcodes') }}

    union all

    select
        'outcode' as level,
        outcode as partial,
        country_code,
        is_live
    from {{ ref('int_postcodes') }}
),

partials as (
    select
        level,
        partial,
        count(*) as postcodes,
        count(case when is_live then 1 end) as live_postcodes,
        min(country_code) < max(country_code) as is_on_a_border
    from directory
    group by level, partial
),

nations as (
    select distinct
        nation,
        country_code
    from {{ ref('int_built_editions') }}
),

nation_partials as (
    select
        directory.level,
        directory.partial,
        nations.nation,
        count(*) as postcodes
    from directory
    inner join nations on directory.country_code = nations.country_code
    group by directory.level, directory.partial, nations.nation
),

-- The parts of sectors that lie in one area: an area has one decile, a sector one outcode.
sector_parts as (
    select
        postcodes.outcode,
        postcodes.sector,
        postcodes.nation,
        postcodes.edition,
        postcodes.area_code,
        areas.decile,
        count(*) as postcodes
    from {{ ref('int_postcode_areas') }} as postcodes
    inner join {{ ref('int_area_indices') }} as areas
        on
            postcodes.nation = areas.nation
            and postcodes.edition = areas.edition
            and postcodes.area_code = areas.area_code
    where
        areas.index_code = 'imd'
        and areas.decile is not null
    group by all
),

parts as (
    select
        'sector' as level,
        sector as partial,
        *
    from sector_parts

    union all

    select
        'outcode' as level,
        outcode as partial,
        *
    from sector_parts
),

deciles as (
    select
        level,
        partial,
        nation,
        edition,
        decile,
        sum(postcodes) as postcodes,
        count(distinct area_code) as areas,
        -- The decile of most postcodes; of equals, the more deprived.
        row_number() over (
            partition by level, partial, nation, edition
            order by sum(postcodes) desc, decile
        ) as place
    from parts
    group by level, partial, nation, edition, decile
),

editions as (
    select
        deciles.level,
        deciles.partial,
        deciles.nation,
        deciles.edition,
        partials.postcodes,
        partials.live_postcodes,
        nation_partials.postcodes as nation_postcodes,
        cast(sum(deciles.areas) as bigint) as areas,
        max(case when deciles.place = 1 then deciles.decile end) as modal_decile,
        max(case when deciles.place = 1 then deciles.postcodes end)
        / cast(partials.postcodes as double) as modal_share,
        min(deciles.decile) as min_decile,
        max(deciles.decile) as max_decile,
        min(deciles.decile) = max(deciles.decile)
        and not coalesce(partials.is_on_a_border, false) as is_reliable
    from deciles
    inner join partials
        on deciles.level = partials.level and deciles.partial = partials.partial
    inner join nation_partials
        on
            deciles.level = nation_partials.level
            and deciles.partial = nation_partials.partial
            and deciles.nation = nation_partials.nation
    group by
        deciles.level,
        deciles.partial,
        deciles.nation,
        deciles.edition,
        partials.postcodes,
        partials.live_postcodes,
        nation_partials.postcodes,
        partials.is_on_a_border
)

select
    *,
    row_number() over (
        partition by level, partial, edition
        order by nation_postcodes desc, nation
    ) = 1 as is_main_nation,
    row_number() over (
        partition by level, partial
        order by nation_postcodes desc, nation, edition desc
    ) = 1 as is_newest
from editions
order by level, partial, nation, edition
