{% set file = var('custom_areas') %}
-- A file of one's own need not have the column set.
with
given as (
    select * from {{ ref('custom_areas') }}
    {% if file -%}
    where false
    union all by name
    select * from read_csv({{ literal(file) }}, all_varchar = true, header = true, delim = ',', quote = '"', escape = '"')
    {%- endif %}
)

select distinct
    trim(name) as name,
    trim(member) as member,
    nullif(trim(set), '') as set_name
from given
