{#- A custom schema is taken as it is named, without the target's schema before it. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}


{#- The database `work` is DuckDB's second file; other engines have but one. -#}
{% macro generate_database_name(custom_database_name, node) -%}
    {{ (custom_database_name or target.database) if target.type == 'duckdb' else target.database }}
{%- endmacro %}
