-- Scores that an edition publishes in a file beside its own (Wales 2019): sources named
-- `<nation> <edition> scores` in seeds/measure_columns.csv, measures `<index>_score`.
select
    indices.nation,
    indices.edition,
    supplied.area_code,
    indices.index_code,
    max(supplied.value) as score,
    count(supplied.value) as rows_in_file
from {{ ref('stg_measure_values') }} as supplied
inner join {{ ref('indices') }} as indices
    on
        supplied.source = indices.nation || ' ' || indices.edition || ' scores'
        and supplied.measure = indices.index_code || '_score'
where supplied.value is not null
group by indices.nation, indices.edition, supplied.area_code, indices.index_code
