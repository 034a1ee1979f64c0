{% macro published_index(nation, edition) -%}
{#-
    One edition of an index as published, in long form: one row an area and column of the file,
    with what seeds/index_columns.csv says the column means. No rows if the edition is not wanted.
-#}
{%- set source_name = nation | lower ~ '_' ~ edition -%}
{%- if edition in var('editions') -%}
{%- set file_name = input_file_name(nation ~ ' ' ~ edition) -%}
with
-- The code stands beside every column, its own among them, so that no header is left out.
as_published as (
    select
        columns('^LSOA code') as area_code,
        *
    from {{ source('mhclg', source_name) }}
),

one_row_a_value as (
    from as_published
    unpivot include nulls (value for source_column in (* exclude (area_code)))
)

select
    headers.nation,
    headers.edition,
    one_row_a_value.area_code,
    headers.index_code,
    headers.measure,
    case when headers.is_text then one_row_a_value.value end as text_value,
    case
        when not headers.is_text
            then {{ cast_or_stop(
                'one_row_a_value.value', 'double', "'" ~ file_name ~ "'",
                'one_row_a_value.area_code', 'one_row_a_value.source_column'
            ) }}
    end as number_value
from one_row_a_value
inner join {{ ref('index_columns') }} as headers
    on one_row_a_value.source_column = headers.source_column
where
    headers.nation = '{{ nation }}'
    and headers.edition = {{ edition }}
{%- else -%}
-- Not among the wanted `editions`: no rows. (Read otherwise: {{ source('mhclg', source_name) }})
select
    nation,
    edition,
    cast(null as varchar) as area_code,
    index_code,
    measure,
    cast(null as varchar) as text_value,
    cast(null as double) as number_value
from {{ ref('index_columns') }}
where false
{%- endif -%}
{%- endmacro %}
