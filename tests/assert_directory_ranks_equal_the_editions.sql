-- The directory carries the overall rank of 2019 (releases since 2020) and of 2025 (since August
-- 2026) beside each postcode: ours, joined by area, must be the same, or a vintage is mixed up.
select
    postcodes.postcode,
    imd.edition,
    imd.area_code,
    case imd.edition when 2019 then postcodes.imd_rank_2019 else postcodes.imd_rank_2025 end
        as directory_rank,
    imd.imd_rank
from {{ ref('int_postcodes') }} as postcodes
inner join {{ ref('postcode_imd') }} as imd
    on postcodes.postcode_key = imd.postcode_key
inner join {{ ref('stg_input_files') }} as files
    on files.source = 'postcode_directory' and files.release >= '2020'
where
    imd.imd_rank is not null
    and (
        (imd.edition = 2019 and postcodes.imd_rank_2019 <> imd.imd_rank)
        or (imd.edition = 2025 and postcodes.imd_rank_2025 <> imd.imd_rank)
    )
