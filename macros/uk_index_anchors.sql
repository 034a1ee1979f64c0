{% macro uk_index_anchors() -%}
{#- The editions named by the variable uk_index_anchors, as dictionaries of name, nation and edition. -#}
{%- set found = [] -%}
{%- for name in var('uk_index_anchors') -%}
    {%- set words = (name | string).rsplit(' ', 1) -%}
    {%- do found.append({'name': name, 'nation': words[0], 'edition': words[-1] | int}) -%}
{%- endfor -%}
{{ return(found) }}
{%- endmacro %}
