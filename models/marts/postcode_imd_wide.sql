{{ config(contract={'enforced': false}, post_hook='{{ describe_wide_measures() }}') }}
-- depends_on: {{ ref('published_editions') }}
{#- The columns are imd_<measure>_<year> for every edition of seeds/published_editions.csv, built or
    not, so that those of a new edition come with its row. -#}
{%- set measures = wide_measures() %}

with
-- One row an area of a vintage, with the editions that rank it side by side.
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
{%- for vintage in vintages() %}
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
