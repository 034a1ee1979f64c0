{#-
    On Spark, which does not read publishers' files, a staging model or a seed is a view of the
    Parquet file of its name in DEPRIVATION_STAGED, which `deprivation stage` wrote; other views are
    as ever. (dbt-spark's own seeds would turn empty values into empty texts.)
-#}
{% materialization view, adapter='spark' -%}
    {{ return(deprivation.staged_view() if 'staging' in model.fqn else create_or_replace_view()) }}
{%- endmaterialization %}

{% materialization seed, adapter='spark' -%}
    {#- dbt shows the seed's own rows. -#}
    {%- do store_result('agate_table', response='OK', agate_table=load_agate_table()) -%}
    {{ return(deprivation.staged_view()) }}
{%- endmaterialization %}

{% macro staged_view() -%}
    {%- set folder = deprivation.staged_folder() -%}
    {%- set target_relation = this.incorporate(type='view') -%}
    {%- call statement('main') -%}
        create or replace view {{ target_relation }} as
        select * from parquet.`{{ folder }}/{{ model.name }}.parquet`
    {%- endcall -%}
    {{ return({'relations': [target_relation]}) }}
{%- endmacro %}


{#- Contracts name DuckDB's types; Spark has its own words for a text and a time without a zone. -#}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set translated = {} -%}
    {%- for name, column in columns.items() -%}
        {%- set own = {'varchar': 'string', 'timestamp': 'timestamp_ntz'} -%}
        {%- set data_type = own.get(column['data_type'], column['data_type']) -%}
        {%- do translated.update({name: dict(column, data_type=data_type)}) -%}
    {%- endfor -%}
    {{ return(default__get_empty_schema_sql(translated)) }}
{%- endmacro %}


{#- Spark's Parquet tables take no constraints: the tests of the same columns stand for them. -#}
{% macro spark__persist_constraints(relation, model) -%}
{%- endmacro %}
