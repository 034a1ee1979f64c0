{%- set file_name = input_file_name('townsend_2011', 'if there') or '' -%}
select
    trim(geo_code) as area_code,
    {{ cast_or_stop('tds', 'double', "'" ~ file_name ~ "'", 'geo_code', "'TDS'") }} as score,
    {{ cast_or_stop('quintile', 'integer', "'" ~ file_name ~ "'", 'geo_code', "'quintile'") }} as quintile
from {{ source('census', 'townsend_2011') }}
