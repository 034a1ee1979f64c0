select
    quantiles.nation,
    quantiles.edition,
    quantiles.index_code,
    quantiles.geography,
    quantiles.geography_code,
    names.name as geography_name,
    quantiles.area_code,
    quantiles.local_areas,
    cast(quantiles.local_rank as bigint) as local_rank,
    cast(quantiles.ntile_3 as bigint) as ntile_3,
    cast(quantiles.ntile_4 as bigint) as ntile_4,
    cast(quantiles.ntile_5 as bigint) as ntile_5,
    cast(quantiles.ntile_10 as bigint) as ntile_10,
    cast(quantiles.ntile_20 as bigint) as ntile_20,
    quantiles.ohid_3,
    quantiles.ohid_4,
    quantiles.ohid_5,
    quantiles.ohid_10,
    quantiles.ohid_20,
    quantiles.population_5,
    quantiles.population_10
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
