select
    quantiles.nation,
    quantiles.edition,
    quantiles.index_code,
    quantiles.geography,
    quantiles.geography_code,
    names.name as geography_name,
    quantiles.area_code,
    quantiles.local_areas,
    quantiles.local_rank,
    quantiles.ntile_3,
    quantiles.ntile_4,
    quantiles.ntile_5,
    quantiles.ntile_10,
    quantiles.ntile_20,
    quantiles.ohid_3,
    quantiles.ohid_4,
    quantiles.ohid_5,
    quantiles.ohid_10,
    quantiles.ohid_20
from {{ ref('int_local_quantiles') }} as quantiles
left join {{ ref('int_geography_names') }} as names
    on quantiles.geography_code = names.code
order by
    quantiles.nation,
    quantiles.edition,
    quantiles.index_code,
    quantiles.geography,
    quantiles.geography_code,
    quantiles.local_rank,
    quantiles.area_code
