{% macro geographies() -%}
{#-
    The geographies of the directory that areas are ranked within and summed to, with the column
    of int_postcodes that holds each (`{vintage}` is the census year of the area). For areas that
    hold no postcode: `lookup` is the geography's name in ONS's lookups, `made_of_lads` says that
    whole local authorities make it up. `parent` is the geography above it (where the directory
    gives it no code, the nation). A new geography is a row here.
-#}
{{ return([
    {'geography': 'region', 'parent': 'nation', 'column': 'region_code', 'made_of_lads': true},
    {'geography': 'utla', 'parent': 'region', 'column': 'utla_code', 'made_of_lads': true},
    {'geography': 'lad', 'parent': 'utla', 'column': 'lad_code', 'made_of_lads': true},
    {'geography': 'pfa', 'parent': 'nation', 'column': 'pfa_code', 'made_of_lads': true},
    {'geography': 'icb', 'parent': 'nation', 'column': 'icb_code', 'lookup': 'icb'},
    {'geography': 'sub_icb', 'parent': 'icb', 'column': 'sub_icb_code', 'lookup': 'sicbl'},
    {'geography': 'pcon', 'parent': 'region', 'column': 'pcon_code'},
    {'geography': 'ward', 'parent': 'lad', 'column': 'ward_code', 'lookup': 'wd'},
    {'geography': 'msoa', 'parent': 'lad', 'column': 'msoa_{vintage}_code'},
]) }}
{%- endmacro %}
