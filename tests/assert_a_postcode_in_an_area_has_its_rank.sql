-- If this fails, a postcode whose area the edition ranks has no rank in postcode_imd, and its
-- deprivation is missing without a word.
select
    imd.postcode,
    imd.nation,
    imd.edition,
    imd.area_code
from {{ ref('postcode_imd') }} as imd
inner join {{ ref('area_indices') }} as areas
    on
        imd.nation = areas.nation
        and imd.edition = areas.edition
        and imd.area_code = areas.area_code
        and areas.index_code = 'imd'
where
    areas.rank is not null
    and (imd.imd_rank is null or imd.imd_decile is null or imd.imd_quintile is null or imd.lad_code is null)
