{% macro wide_measures() -%}
{#- The columns of the wide tables: for each year of seeds/published_editions.csv, rank, decile and
    quintile. -#}
{%- if not execute or not load_relation(ref('published_editions')) -%}{{ return([]) }}{%- endif -%}
{%- set years = run_query('select distinct edition from ' ~ ref('published_editions').render() ~ ' order by edition').columns[0].values() -%}
{%- set found = [] -%}
{%- for year in years | map('int') -%}
    {%- for measure in ['rank', 'decile', 'quintile'] -%}
        {%- do found.append({
            'column': 'imd_' ~ measure ~ '_' ~ year,
            'measure': measure,
            'edition': year,
        }) -%}
    {%- endfor -%}
{%- endfor -%}
{{ return(found) }}
{%- endmacro %}


{% macro describe_wide_measures(carried=false) -%}
{#- Comments on the columns that the YAML of a wide table cannot list one by one. `carried` where the
    areas are of the newest edition, so that the figures of older editions are carried to them. Other engines than DuckDB take one
    statement at a time, and have no such comments. -#}
{%- set meanings = {
    'rank': 'Rank of the area, 1 = most deprived',
    'decile': 'Decile of the area, 1 = most deprived tenth, 10 = least',
    'quintile': 'Quintile of the area, 1 = most deprived fifth, 5 = least',
} -%}
{%- for item in wide_measures() if target.type == 'duckdb' %}
    {%- set edition = 'in the ' ~ item.edition ~ ' edition of its nation (index of multiple deprivation)' %}
    {%- set described = meanings[item.measure] ~ ', ' ~ edition ~ '. ' %}
    {%- if carried %}
        {%- set described = described ~ 'If that edition ranks older areas: the figure of the same area or of the one it was split from; for merged areas their mean rank (weighted by population where known) and the decile or quintile it falls in. Null for irregular changes, or if the nation has no edition of that year in this file.' %}
    {%- else %}
        {%- set described = described ~ 'Null if the nation has no edition of that year in this file, or the postcode is in none of its areas.' %}
    {%- endif %}
comment on column {{ this }}.{{ item.column }} is {{ literal(described) }};
{%- endfor %}
{%- endmacro %}
