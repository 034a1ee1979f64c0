{{ config(pre_hook=fsst(false), post_hook=fsst(true)) }}

with
-- By outcode, then edition and area: a postcode is found as fast as by a plain sort, and the areas'
-- figures lie in runs, which takes more than a third off the table. By sector the runs are shorter.
sorted as (
    select
        postcodes.postcode,
        postcodes.postcode_key,
        postcodes.nation,
        postcodes.edition,
        areas.area_code,
        cast(areas.rank as integer) as imd_rank,
        areas.score as imd_score,
        areas.decile as imd_decile,
        areas.quintile as imd_quintile,
        coalesce(areas.lad_code, postcodes.lad_code) as lad_code,
        coalesce(areas.lad_name, lads.name) as lad_name,
        areas.local_areas,
        cast(areas.local_rank as bigint) as local_rank,
        cast(areas.local_decile as bigint) as local_decile,
        cast(areas.local_quintile as bigint) as local_quintile,
        postcodes.is_live
    from {{ ref('int_postcode_areas') }} as postcodes
    left join {{ ref('int_area_imd') }} as areas
        on
            postcodes.nation = areas.nation
            and postcodes.edition = areas.edition
            and postcodes.area_code = areas.area_code
    left join {{ ref('int_geography_names') }} as lads
        on postcodes.lad_code = lads.code
    order by
        postcodes.outcode,
        postcodes.edition,
        areas.area_code,
        postcodes.postcode_key
)

-- What follows from a column comes after the sort, which then has less to carry.
select
    *,
    {{ deprivation_label('imd_quintile', 5) }} as imd_quintile_label,
    {{ deprivation_label('imd_decile', 10) }} as imd_decile_label,
    imd_quintile = 1 as is_most_deprived_20pct,
    imd_decile = 1 as is_most_deprived_10pct
from sorted
