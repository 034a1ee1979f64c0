-- If this fails, a scheme goes by an index that no edition has, and nobody would get its uplift.
select distinct
    bands.scheme,
    bands.nation,
    bands.edition,
    bands.index_code
from {{ ref('uplift_bands') }} as bands
left join {{ ref('int_indices') }} as indices
    on
        bands.nation = indices.nation
        and bands.edition = indices.edition
        and bands.index_code = indices.index_code
where indices.index_code is null
