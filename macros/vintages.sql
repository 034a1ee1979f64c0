{#- The censuses whose small areas the directory holds, each in the column lsoa_<year>_code. -#}
{% macro vintages() -%}
{{ return(['2001', '2011', '2021']) }}
{%- endmacro %}


{% macro area_of_vintage(postcodes, area_column) -%}
{#-
    A postcode's area of an edition's own vintage: most codes of 2011 and 2021 are the same, so
    another vintage would mostly match, and lose the rest.
-#}
case {{ area_column }}
    {%- for vintage in vintages() %}
    when 'lsoa_{{ vintage }}_code' then {{ postcodes }}.lsoa_{{ vintage }}_code
    {%- endfor %}
end
{%- endmacro %}
