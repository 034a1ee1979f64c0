-- How far the postcodes of a sector or outcode agree on the overall index.
with
spreads as (
    select
        level,
        partial,
        nation,
        edition,
        sum(postcodes) as postcodes_in_areas,
        count(distinct area_code) as areas,
        min(decile) as min_decile,
        max(decile) as max_decile
    from {{ ref('int_partial_parts') }}
    group by level, partial, nation, edition
)

select
    spreads.level,
    spreads.partial,
    spreads.nation,
    spreads.edition,
    counts.postcodes,
    counts.live_postcodes,
    counts.nation_postcodes,
    spreads.areas,
    modes.modal_decile,
    modes.decile_postcodes / cast(counts.postcodes as double) as modal_share,
    modes.modal_quintile,
    modes.quintile_postcodes / cast(counts.postcodes as double) as modal_quintile_share,
    spreads.min_decile,
    spreads.max_decile,
    -- One decile throughout says nothing of a sector most of whose postcodes have no area: LL42 1
    -- has one in 182 (WIMD 2019).
    spreads.min_decile = spreads.max_decile
    and not counts.is_on_a_border
    and spreads.postcodes_in_areas >= 0.95 * counts.postcodes as is_reliable,
    row_number() over (
        partition by spreads.level, spreads.partial, spreads.edition
        order by counts.nation_postcodes desc, spreads.nation
    ) = 1 as is_main_nation,
    row_number() over (
        partition by spreads.level, spreads.partial
        order by counts.nation_postcodes desc, spreads.nation, spreads.edition desc
    ) = 1 as is_newest
from spreads
inner join {{ ref('int_partial_counts') }} as counts
    on
        spreads.level = counts.level
        and spreads.partial = counts.partial
        and spreads.nation = counts.nation
inner join {{ ref('int_partial_modes') }} as modes
    on
        spreads.level = modes.level
        and spreads.partial = modes.partial
        and spreads.nation = modes.nation
        and spreads.edition = modes.edition
