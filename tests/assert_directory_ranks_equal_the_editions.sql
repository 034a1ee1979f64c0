-- The directory carries overall ranks beside each postcode: those of IoD and WIMD 2019, SIMD 2020
-- and NIMDM 2017 (releases since August 2020), and IoD 2025 (since August 2026). Ours, joined by
-- area, must be the same, or a vintage is mixed up.
with
carried as (
    select
        postcodes.postcode,
        imd.nation,
        imd.edition,
        imd.area_code,
        case
            when imd.nation in ('England', 'Wales') and imd.edition = 2019 then postcodes.imd_rank
            when imd.nation = 'Scotland' and imd.edition = 2020 then postcodes.imd_rank
            when imd.nation = 'Northern Ireland' and imd.edition = 2017 then postcodes.imd_rank
            when imd.nation = 'England' and imd.edition = 2025 then postcodes.imd_rank_2025
        end as directory_rank,
        imd.imd_rank
    from {{ ref('int_postcodes') }} as postcodes
    inner join {{ ref('postcode_imd') }} as imd
        on postcodes.postcode_key = imd.postcode_key
    where
        exists (
            select 1
            from {{ ref('stg_input_files') }}
            where source = 'postcode_directory' and release >= '2020-08'
        )
)

select *
from carried
where directory_rank <> imd_rank
