{#- The columns are those of the contract in _postcodes.yml: imd_<measure>_<edition>. -#}
{%- set measures = [] -%}
{%- for name in model.columns if name.startswith('imd_') -%}
    {%- do measures.append({'column': name, 'measure': name.split('_')[1], 'edition': name.split('_')[2]}) -%}
{%- endfor %}

with
-- One row an area of a vintage, with the editions that speak of it side by side.
areas as (
    select
        country_code,
        area_column,
        area_code
        {%- for item in measures %},
        max(case when edition = {{ item.edition }} then {{ item.measure }} end) as {{ item.column }}
        {%- endfor %}
    from {{ ref('int_area_imd') }}
    group by country_code, area_column, area_code
)

select
    postcodes.postcode,
    postcodes.postcode_key
    {%- for item in measures %},
    cast(coalesce(
        areas_2001.{{ item.column }}, areas_2011.{{ item.column }}, areas_2021.{{ item.column }}
    ) as integer) as {{ item.column }}
    {%- endfor %}
from {{ ref('int_postcodes') }} as postcodes
{%- for vintage in ['2001', '2011', '2021'] %}
left join areas as areas_{{ vintage }}
    on
        areas_{{ vintage }}.area_column = 'lsoa_{{ vintage }}_code'
        and postcodes.lsoa_{{ vintage }}_code = areas_{{ vintage }}.area_code
        and postcodes.country_code = areas_{{ vintage }}.country_code
{%- endfor %}
-- By sector, then area: a postcode is found as fast, and the areas' figures lie in runs.
order by
    left(postcodes.postcode_key, length(postcodes.postcode_key) - 2),
    postcodes.lsoa_2021_code,
    postcodes.postcode_key
