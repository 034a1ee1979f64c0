{% macro geographies() -%}
{#-
    The geographies of the directory that areas are ranked within and summed to, with the column
    of int_postcodes that holds each (`{vintage}` is the census year of the area). For areas that
    hold no postcode: `lookup` is the geography's name in ONS's lookups, `made_of_lads` says that
    whole local authorities make it up. A new geography is a row here.
-#}
{{ return([
    {'geography': 'region', 'column': 'region_code', 'made_of_lads': true},
    {'geography': 'utla', 'column': 'utla_code', 'made_of_lads': true},
    {'geography': 'lad', 'column': 'lad_code', 'made_of_lads': true},
    {'geography': 'pfa', 'column': 'pfa_code', 'made_of_lads': true},
    {'geography': 'icb', 'column': 'icb_code', 'lookup': 'icb'},
    {'geography': 'sub_icb', 'column': 'sub_icb_code', 'lookup': 'sicbl'},
    {'geography': 'pcon', 'column': 'pcon_code'},
    {'geography': 'ward', 'column': 'ward_code', 'lookup': 'wd'},
    {'geography': 'msoa', 'column': 'msoa_{vintage}_code'},
]) }}
{%- endmacro %}
