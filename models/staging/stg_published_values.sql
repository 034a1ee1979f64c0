-- Every edition as published, one row an area and column of its file. The editions are the rows of
-- seeds/published_editions.csv.
-- depends_on: {{ ref('published_editions') }}
-- depends_on: {{ ref('index_columns') }}
{%- for edition in editions_of_the_seed() %}
{{ 'union all' if not loop.first }}
({{ published_index(edition) }})
{%- else %}
select
    nation,
    edition,
    source_column as area_code,
    index_code,
    measure,
    source_column as text_value,
    cast(null as double) as number_value
from {{ ref('index_columns') }}
where false
{%- endfor %}
