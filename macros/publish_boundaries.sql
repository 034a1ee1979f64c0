{% macro publish_boundaries() -%}
{#-
    Keeps boundaries in the published file, where the data folder holds any, so that reports and the
    page draw areas by them wherever the file goes. No model: without such files there is no table.
    Run at the end of each run.
-#}
{%- if execute and target.type == 'duckdb' and flags.WHICH in ('run', 'build') and not flags.EMPTY %}
{%- set ready = "coalesce(getvariable('inputs'), '') || '/boundaries.parquet'" %}
{%- if run_query('select file from glob(' ~ ready ~ ')').rows %}
create or replace table main.boundaries as
select code, geometry from read_parquet({{ ready }}) order by code;
comment on table main.boundaries is 'Outlines of areas and places for maps, one row for each code; there only where files of boundaries were in the data folder.';
comment on column main.boundaries.code is 'Code of a small area (LSOA, data zone) or a local authority.';
comment on column main.boundaries.geometry is 'Polygon or MultiPolygon as GeoJSON text; longitude and latitude in degrees (WGS 84), to a metre.';
{%- else %}
drop table if exists main.boundaries;
{%- endif %}
{%- endif %}
{%- endmacro %}
