-- What a postcode takes from its area: the overall index, and the area's place in its current
-- local authority.
select
    indices.nation,
    indices.edition,
    editions.country_code,
    editions.area_column,
    indices.area_code,
    indices.rank,
    indices.score,
    indices.decile,
    indices.quintile,
    lads.geography_code as lad_code,
    names.name as lad_name,
    lads.local_areas,
    lads.local_rank,
    lads.ntile_10 as local_decile,
    lads.ntile_5 as local_quintile
from {{ ref('int_area_indices') }} as indices
inner join {{ ref('int_built_editions') }} as editions
    on indices.nation = editions.nation and indices.edition = editions.edition
left join {{ ref('int_local_quantiles') }} as lads
    on
        indices.nation = lads.nation
        and indices.edition = lads.edition
        and indices.index_code = lads.index_code
        and indices.area_code = lads.area_code
        and lads.geography = 'lad'
left join {{ ref('int_geography_names') }} as names
    on lads.geography_code = names.code
where indices.index_code = 'imd'
