{% set file = var('custom_areas') %}
select distinct
    name,
    member
{% if file -%}
from read_csv('{{ file }}', all_varchar = true, header = true, delim = ',', quote = '"', escape = '"')
{%- else -%}
from {{ ref('custom_areas') }}
{%- endif %}
