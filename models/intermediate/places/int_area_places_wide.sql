{{ config(materialized='table') }}

-- The official places of each area side by side, with their names.
{%- set geographies = geographies() | map(attribute='geography') | list + ['health_board'] %}
with
wide as (
    select
        nation,
        edition,
        area_code
        {%- for geography in geographies %},
        max(case when geography = '{{ geography }}' then geography_code end) as {{ geography }}_code
        {%- endfor %}
    from {{ ref('int_area_places_official') }}
    group by nation, edition, area_code
)

select
    wide.nation,
    wide.edition,
    wide.area_code
    {%- for geography in geographies %},
    wide.{{ geography }}_code,
    {{ geography }}_names.name as {{ geography }}_name
    {%- endfor %}
from wide
{%- for geography in geographies %}
left join {{ ref('int_geography_names') }} as {{ geography }}_names
    on wide.{{ geography }}_code = {{ geography }}_names.code
{%- endfor %}
