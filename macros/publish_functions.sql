{% macro publish_functions() -%}
{#-
    Keeps the postcode rules and the local quantile rule in the published file as functions of the
    same names, so that any DuckDB client has them. Run at the end of each run.
-#}
{%- if execute and target.type == 'duckdb' and flags.WHICH in ('run', 'build') and not flags.EMPTY %}
create or replace macro main.postcode_key(text) as {{ postcode_key('text') }};
create or replace macro main.format_postcode(text) as {{ format_postcode('text') }};
create or replace macro main.postcode_status(text) as {{ postcode_status('text') }};
create or replace macro main.ohid_quantile(local_rank, local_areas, k) as
    {{ ohid_quantile('local_rank', 'local_areas', 'k') }};
{%- endif %}
{%- if target.type == 'duckdb' %}
{{ publish_deprivation_function() }}
{%- endif %}
{%- endmacro %}
