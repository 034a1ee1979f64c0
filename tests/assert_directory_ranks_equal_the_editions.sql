-- If this fails, an edition was joined by areas of the wrong census, or the directory's rank was
-- misread: the directory has overall ranks beside each postcode, of IoD and WIMD 2019, SIMD 2020
-- and NIMDM 2017 (releases since August 2020) and IoD 2025 (since August 2026), and ours must be
-- the same.
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
