{#- The package's rule under a name of our own, so that models need not say where it is from. -#}
{% macro postcode_key(text) -%}
    {{ return(deprivation.postcode_key(text)) }}
{%- endmacro %}
