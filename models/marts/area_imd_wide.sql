{{ config(contract={'enforced': false}, post_hook='{{ describe_wide_measures(carried=true) }}') }}
-- depends_on: {{ ref('published_editions') }}
{#- The columns are those of postcode_imd_wide, see wide_measures(). -#}
{%- set measures = wide_measures() %}

with
wide as (
    select
        nation,
        edition,
        area_code
        {%- for item in measures %},
        max(case when older_edition = {{ item.edition }} then {{ item.measure }} end) as {{ item.column }}
        {%- endfor %}
    from {{ ref('int_newest_area_imd') }}
    group by nation, edition, area_code
)

select
    areas.nation,
    areas.edition,
    areas.area_code,
    areas.area_name,
    areas.population,
    places.lad_code,
    places.lad_name,
    places.region_code,
    places.region_name
    {%- for item in measures %},
    wide.{{ item.column }}
    {%- endfor %}
from wide
inner join {{ ref('int_areas') }} as areas
    on
        wide.nation = areas.nation
        and wide.edition = areas.edition
        and wide.area_code = areas.area_code
left join {{ ref('int_area_places_wide') }} as places
    on
        wide.nation = places.nation
        and wide.edition = places.edition
        and wide.area_code = places.area_code
order by areas.nation, areas.area_code
