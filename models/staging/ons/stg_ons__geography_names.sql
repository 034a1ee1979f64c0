{%- do input_file_name('lookup', 'if there') -%}
{%- do input_file_name('code history', 'if there') -%}
select
    geography,
    cast(year as integer) as year,
    code,
    name
from {{ source('inputs', 'geography_names') }}
