{#-
    The inputs as scripts/deprivation/inputs.py prepared them: what was found, under which name a
    column stands, and values cast with an error that names where they stand.
-#}

{% macro input_file_name(source_name, wanted='yes') -%}
    {#-
        The name of an input's file. A wanted input that is missing or unusable stops the model
        here; one that is wanted 'if there' and is not there, or whose areas the directory does not
        hold, is left out, saying so. One that is there and cannot be used stops it, wanted or not.
    -#}
    {%- if execute and target.type == 'duckdb' -%}
        {%- set found = run_query(
            "select file_name, problem, is_there = 'True' and lacks_areas = 'False' as is_unusable, note,"
            ~ " (select bool_or(is_synthetic = 'True') from " ~ source('inputs', 'files').render() ~ ") from " ~ source('inputs', 'files').render()
            ~ " where source = '" ~ source_name ~ "' order by problem desc nulls last, note desc nulls last limit 1"
        ).rows | first or [none, none, none, none, none] -%}
        {%- if found[3] and wanted != 'no' -%}
            {{ log(found[3], info=true) }}
        {%- endif -%}
        {%- if found[1] and (wanted == 'yes' or found[2]) -%}
            {{ exceptions.raise_compiler_error(found[1]) }}
        {%- elif found[1] and wanted != 'no' and not found[4] -%}
            {{ log('Left out: ' ~ found[1], info=true) }}
        {%- endif -%}
        {{ return(found[0] if not found[1] and wanted != 'no' else none) }}
    {%- endif -%}
{%- endmacro %}


{% macro stop_at_faults_of(seed) -%}
    {#- Stop the model if a file of one of the seed's sources is there and cannot be used. -#}
    {%- if execute and target.type == 'duckdb' -%}
        {%- for row in run_query(
            "select distinct problem from " ~ source('inputs', 'files').render() ~ " where problem <> ''"
            ~ " and source in (select source from " ~ seed.render() ~ ")"
        ).rows -%}
            {{ exceptions.raise_compiler_error(row[0]) }}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}


{% macro directory_columns() -%}
    {#- canonical column -> quoted name in this release's header, for the columns it has. -#}
    {%- set columns = {} -%}
    {%- if execute and target.type == 'duckdb' -%}
        {%- for row in run_query("select * from " ~ source('inputs', 'directory_columns').render()).rows -%}
            {%- do columns.update({row[0]: adapter.quote(row[1])}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro cast_or_stop(value, type, file, row, column) -%}
    {#-
        `value` as `type`; a value that does not cast stops the build and says where it stands.
        All but `type` are SQL expressions. A number is digits with a sign and a point at most: what
        DuckDB would cast besides (nan, inf, 1_000, 0x1F, 1e5, blanks around it) is not. A fraction
        does not cast to a whole number. Degrees are doubles that may be written -2e-05, as some
        longitudes close to Greenwich are.
    -#}
    {%- set number = '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)' -%}
    {%- set forms = {
        'integer': '[+-]?[0-9]+', 'tinyint': '[+-]?[0-9]+', 'double': number,
        'degrees': number ~ '([eE]-[0-9]+)?', 'date': '[0-9]{4}-[0-9]{2}-[0-9]{2}',
    } -%}
    {%- set form, type = forms[type], type | replace('degrees', 'double') -%}
    case
        when {{ value }} is null then null
        when not regexp_full_match({{ value }}, '{{ form }}') or try_cast({{ value }} as {{ type }}) is null
            then cast(error(
                {{ file }} || ', row of ' || {{ row }} || ', column ' || {{ column }} || ': '''
                || {{ value }} || ''' is not a valid {{ type }}; use the file as the publisher issued it'
            ) as {{ type }})
        else cast({{ value }} as {{ type }})
    end
{%- endmacro %}


{% macro directory_value(column, type, value=none) -%}
    {#- A column of the directory cast, or `value` made of it; an error names the file and postcode. -#}
    {{ cast_or_stop(value or column, type, 'file_name', 'postcode', "'" ~ column ~ "'") }}
{%- endmacro %}
