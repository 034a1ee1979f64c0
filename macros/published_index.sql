{% macro published_index(nation, edition, publisher, area_column) -%}
{#-
    One edition of an index as published, in long form: one row an area and column of the file,
    with what seeds/index_columns.csv says the column means. `area_column` is a pattern of the
    header over the areas' codes. No rows if the edition is not wanted, see input_file_name().
-#}
{%- set source_name = (nation ~ '_' ~ edition) | lower | replace(' ', '_') -%}
{%- set file_name = input_file_name(nation ~ ' ' ~ edition, is_wanted(nation, edition)) -%}
{%- if file_name -%}
with
-- The code stands beside every column, its own among them, so that no header is left out.
as_published as (
    select
        columns('{{ area_column }}') as area_code,
        *
    from {{ source(publisher, source_name) }}
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
    case when headers.is_text then trim(one_row_a_value.value) end as text_value,
    case
        when not headers.is_text
            then {{ cast_or_stop(
                'one_row_a_value.value', 'double', "'" ~ file_name ~ "'",
                'one_row_a_value.area_code', 'one_row_a_value.source_column'
            ) }}
    end as number_value
from one_row_a_value
inner join {{ ref('index_columns') }} as headers
    -- DuckDB takes the white space off the ends of a header, which some of the publishers' have.
    on one_row_a_value.source_column = trim(headers.source_column)
where
    headers.nation = '{{ nation }}'
    and headers.edition = {{ edition }}
    and headers.measure <> 'unused'
{%- else -%}
-- Not wanted, or not there: no rows. (Read otherwise: {{ source(publisher, source_name) }})
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


{% macro is_wanted(nation, edition) -%}
{#-
    'yes', 'no' or 'if there'. Editions of England are named by their year alone; the others, and
    England's before 2015, are built where their file is there unless `other_editions` says no.
-#}
{%- set name = nation ~ ' ' ~ edition -%}
{%- if name in var('editions') or (nation == 'England' and edition in var('editions')) -%}
    {{ return('yes') }}
{%- elif (nation == 'England' and edition >= 2015) or not var('other_editions') -%}
    {{ return('no') }}
{%- endif -%}
{{ return('if there') }}
{%- endmacro %}
