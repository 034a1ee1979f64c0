{#-
    At the start of a build on Spark: whether DEPRIVATION_STAGED is what the models want, else one
    line that says what to run. Nothing is read but staged.json, the names and sizes of the files
    and the numbers of their rows.
-#}
{% macro check_staged() -%}
{%- if execute and target.type == 'spark' and flags.WHICH in ('build', 'run', 'seed') -%}
    {%- set folder = deprivation.staged_folder() -%}
    {%- set again = '; run: deprivation stage --output ' ~ folder -%}
    {%- set manifest = deprivation.staged_manifest(folder) -%}
    {%- if not manifest -%}
        {{ exceptions.raise_compiler_error(
            'DEPRIVATION_STAGED: ' ~ folder ~ ' holds no staged.json: nothing was staged there, or not to its end' ~ again
        ) }}
    {%- endif -%}
    {%- set fault = deprivation.fault_of_staged(manifest) or deprivation.fault_of_staged_files(folder, manifest) -%}
    {%- if fault -%}
        {{ exceptions.raise_compiler_error('DEPRIVATION_STAGED: ' ~ folder ~ ' ' ~ fault ~ again) }}
    {%- endif -%}
{%- endif -%}
{%- endmacro %}


{% macro staged_folder() -%}
    {%- set folder = env_var('DEPRIVATION_STAGED', '') | trim -%}
    {%- if not folder -%}
        {{ exceptions.raise_compiler_error(
            'DEPRIVATION_STAGED must name the folder of the staged inputs; run: deprivation stage --output FOLDER'
        ) }}
    {%- endif -%}
    {{ return(folder) }}
{%- endmacro %}


{% macro staged_manifest(folder) -%}
    {#- staged.json as a dictionary, or none. A table of a place that is not there has no rows; to read
        the file itself would be an error. -#}
    {%- set table = target.schema ~ '.staged_manifest' -%}
    {%- do run_query('create schema if not exists ' ~ target.schema) -%}
    {%- do run_query('drop table if exists ' ~ table) -%}
    {%- do run_query(
        'create table ' ~ table ~ " (value string) using text options (wholetext 'true') location "
        ~ deprivation.text_literal(folder ~ '/staged.json')
    ) -%}
    {%- set rows = run_query('select value from ' ~ table).rows -%}
    {%- do run_query('drop table ' ~ table) -%}
    {{ return(fromjson(rows[0][0], none) if rows | length else none) }}
{%- endmacro %}


{% macro fault_of_staged(manifest) -%}
    {#- What the models want otherwise than it was staged, or none. -#}
    {%- if manifest.layout != 2 -%}
        {{ return('was staged by another version of this project') }}
    {%- endif -%}
    {%- for name, staged in manifest.variables.items() -%}
        {%- set wanted = deprivation.as_names(var(name, none)) -%}
        {%- if deprivation.as_names(staged) != wanted -%}
            {{ return(
                'was staged with ' ~ name ~ ' = ' ~ tojson(staged) ~ ', and the models want '
                ~ tojson(var(name, none)) ~ ' (give both the same --vars)'
            ) }}
        {%- endif -%}
    {%- endfor -%}
    {%- for node in graph.nodes.values() | sort(attribute='name')
        if node.package_name == 'deprivation' and node.resource_type in ('model', 'seed')
        and ('staging' in node.fqn or node.resource_type == 'seed') and node.config.enabled -%}
        {%- if manifest.models.get(node.name) != node.checksum.checksum -%}
            {{ return('was staged by another version of this project: ' ~ node.name ~ ' has changed') }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}


{% macro as_names(value) -%}
    {#- A variable's value to be compared: editions in any order, 2019 for England 2019. -#}
    {%- if value is iterable and value is not string -%}
        {%- set names = value | map('string') | map('replace', 'England ', '') | unique | sort -%}
        {{ return(names | join(', ')) }}
    {%- endif -%}
    {{ return(value | string) }}
{%- endmacro %}


{% macro fault_of_staged_files(folder, manifest) -%}
    {#- A file that is not there or not whole, or none. -#}
    {%- set there = {} -%}
    {%- set listed = run_query(
        'select path, length from binaryFile.`' ~ folder ~ '`'
    ) -%}
    {%- for row in listed.rows -%}
        {%- do there.update({row[0].split('/')[-1]: row[1] | int}) -%}
    {%- endfor -%}
    {%- for name, bytes in manifest.bytes.items() -%}
        {%- if there.get(name) != bytes -%}
            {{ return('is not whole: ' ~ name ~ (' has changed' if name in there else ' is missing')) }}
        {%- endif -%}
    {%- endfor -%}
    {%- set counts = [] -%}
    {%- for name in manifest.rows -%}
        {%- do counts.append(
            "select '" ~ name ~ "', count(*) from parquet.`" ~ folder ~ '/' ~ name ~ '.parquet`'
        ) -%}
    {%- endfor -%}
    {%- for row in run_query(counts | join(' union all ')).rows -%}
        {%- if row[1] | int != manifest.rows[row[0]] -%}
            {{ return(
                'is not whole: ' ~ row[0] ~ ' has ' ~ row[1] ~ ' rows, not ' ~ manifest.rows[row[0]]
            ) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
