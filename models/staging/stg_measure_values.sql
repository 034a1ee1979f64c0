{%- do deprivation.stop_at_faults_of(ref('measure_columns')) -%}
-- Supplementary counts and rates of small areas, from each file of seeds/measure_columns.csv that
-- is there. An asterisk stands for a value that its publisher suppresses.
select
    source,
    area_code,
    measure,
    {{ cast_or_stop("nullif(nullif(value, '*'), '')", 'double', 'source', 'area_code', 'measure') }} as value
from {{ source('inputs', 'measure_values') }}
