{% macro published_index(edition) -%}
{#-
    One edition of an index as published, in long form: one row an area and column of the file,
    with what seeds/index_columns.csv says the column means. `edition` is its row of
    editions_of_the_seed(). No rows if the edition is not wanted, see input_file_name().
-#}
{%- set name = edition.nation ~ ' ' ~ edition.edition -%}
{%- set file_name = input_file_name(name, is_wanted(edition)) -%}
{%- if file_name -%}
with
-- The code stands beside every column, its own among them, so that no header is left out.
as_published as (
    select
        {{ adapter.quote(edition.code_column) }} as area_code,
        *
    from {{ source(edition.source_name, name | lower | replace(' ', '_')) }}
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
                'one_row_a_value.value', 'double', literal(file_name),
                'one_row_a_value.area_code', 'one_row_a_value.source_column'
            ) }}
    end as number_value
from one_row_a_value
inner join {{ ref('index_columns') }} as headers
    -- DuckDB takes the white space off the ends of a header, which some of the publishers' have.
    on one_row_a_value.source_column = trim(headers.source_column)
where
    headers.nation = {{ literal(edition.nation) }}
    and headers.edition = {{ edition.edition }}
    and headers.measure <> 'unused'
{%- else -%}
-- {{ name }}: not wanted, or not there.
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


{% macro editions_of_the_seed() -%}
{#-
    The rows of seeds/published_editions.csv that staging needs, with the column of each edition's
    file that holds its areas' codes. An edition without its other facts stops the build here.
-#}
{%- if not execute -%}{{ return([]) }}{%- endif -%}
{%- if not load_relation(ref('published_editions')) or not load_relation(ref('index_columns')) -%}
    {{ return([]) }}
{%- endif -%}
{%- set rows = run_query(
    "select editions.nation, editions.edition, editions.short_name, editions.is_required, editions.source_name,"
    ~ " trim(min(headers.source_column)) as code_column, count(headers.source_column) as code_columns"
    ~ " from " ~ ref('published_editions').render() ~ " as editions left join " ~ ref('index_columns').render()
    ~ " as headers on editions.nation = headers.nation and editions.edition = headers.edition"
    ~ " and headers.measure = 'area_code' group by all order by editions.nation, editions.edition"
).rows -%}
{%- set sources = graph.sources.values() | map(attribute='unique_id') | list -%}
{%- set found = [] -%}
{%- for row in rows -%}
    {%- set edition = {
        'nation': row.nation, 'edition': row.edition | int, 'short_name': row.short_name,
        'is_required': row.is_required, 'source_name': row.source_name, 'code_column': row.code_column,
    } -%}
    {%- set name = edition.nation ~ ' ' ~ edition.edition -%}
    {%- set table = name | lower | replace(' ', '_') -%}
    {%- if row.code_columns != 1 -%}
        {{ exceptions.raise_compiler_error(
            name ~ ': seeds/index_columns.csv has ' ~ row.code_columns ~ ' columns of measure area_code, not one'
        ) }}
    {%- elif 'source.deprivation.' ~ edition.source_name ~ '.' ~ table not in sources -%}
        {{ exceptions.raise_compiler_error(
            name ~ ': no table ' ~ table ~ ' in the source ' ~ edition.source_name
            ~ '; add it to models/staging/' ~ edition.source_name ~ '/_sources.yml'
        ) }}
    {%- endif -%}
    {%- do found.append(edition) -%}
{%- endfor -%}
{{ return(found) }}
{%- endmacro %}


{% macro is_wanted(edition) -%}
{#-
    'yes', 'no' or 'if there', of a row of editions_of_the_seed(). An edition is named by nation and
    year, or by its short name. One that every build requires unless told otherwise is left out
    where it is not named; the others are built where their file is there unless `other_editions`
    says no.
-#}
{%- set wanted = var('editions') | map('string') | list -%}
{%- if edition.nation ~ ' ' ~ edition.edition in wanted or (edition.short_name and edition.short_name | string in wanted) -%}
    {{ return('yes') }}
{%- elif edition.is_required or not var('other_editions') -%}
    {{ return('no') }}
{%- endif -%}
{{ return('if there') }}
{%- endmacro %}


{% macro literal(text) -%}
{#- A text as SQL writes it. -#}
'{{ text | replace("'", "''") }}'
{%- endmacro %}
