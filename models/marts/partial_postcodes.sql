select
    level,
    partial,
    nation,
    edition,
    postcodes,
    live_postcodes,
    nation_postcodes,
    areas,
    modal_decile,
    modal_share,
    modal_quintile,
    modal_quintile_share,
    min_decile,
    max_decile,
    is_reliable,
    is_main_nation,
    is_newest
from {{ ref('int_partial_postcodes') }}
order by level, partial, nation, edition
