{#-
    The inputs as scripts/deprivation/inputs.py prepared them: what was found, under which name a
    column stands, and values cast with an error that names where they stand.
-#}

{% macro input_file_name(source_name, wanted='yes') -%}
    {#-
        The name of an input's file. A wanted input that is missing or unusable stops the model
        here; one that is wanted 'if there' and is not there, or whose areas the directory does not
        hold, is left out, saying so.
    -#}
    {%- if execute and wanted != 'no' -%}
        {%- set found = run_query(
            "select file_name, problem, sha256 is not null and lacks_areas = 'False' as is_unusable from " ~ source('inputs', 'files').render()
            ~ " where source = '" ~ source_name ~ "' order by problem desc nulls last limit 1"
        ).rows | first or [none, none, none] -%}
        {%- if found[1] and (wanted == 'yes' or found[2]) -%}
            {{ exceptions.raise_compiler_error(found[1]) }}
        {%- elif found[1] -%}
            {{ log('Left out: ' ~ found[1], info=true) }}
        {%- endif -%}
        {{ return(found[0] if not found[1] else none) }}
    {%- endif -%}
{%- endmacro %}


{% macro directory_columns() -%}
    {#- canonical column -> quoted name in this release's header, for the columns it has. -#}
    {%- set columns = {} -%}
    {%- if execute -%}
        {%- for row in run_query("select * from " ~ source('inputs', 'directory_columns').render()).rows -%}
            {%- do columns.update({row[0]: adapter.quote(row[1])}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}


{% macro cast_or_stop(value, type, file, row, column) -%}
    {#-
        `value` as `type`; a value that does not cast stops the build and says where it stands.
        All but `type` are SQL expressions. A fraction does not cast to a whole number.
    -#}
    case
        when {{ value }} is null then null
        when try_cast({{ value }} as {{ type }}) is null
        {%- if type in ('integer', 'tinyint') %} or {{ value }} like '%.%'{% endif %}
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
