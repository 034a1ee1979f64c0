-- What an area without postcodes may belong to, in order of preference: the place of its neighbours,
-- of its local authority, of the areas it became, by ONS's lookups, of its namesakes, as published.
{%- set by_area = 'areas.area_column = found.area_column and areas.area_code = found.area_code' %}
{%- set candidates = [
    {
        'relation': ref('int_area_places_by_neighbours'),
        'on': "areas.nation = found.nation and areas.edition = found.edition"
            ~ " and case when areas.geography = 'msoa' then areas.msoa_name else areas.lad_name end"
            ~ " = found.shared_name",
        'preference': "case when areas.geography = 'msoa' then 6 else 2 end",
    },
    {'relation': ref('int_lad_places'), 'on': 'areas.lad_code = found.lad_code', 'preference': 3},
    {'relation': ref('int_area_places_by_successors'), 'on': by_area, 'preference': 4},
    {'relation': ref('int_area_places_by_lookup'), 'on': by_area, 'preference': 5},
] %}
with
areas as (
    select *
    from {{ ref('int_areas_without_postcodes') }}
)

{% for candidate in candidates -%}
select
    areas.nation,
    areas.edition,
    areas.area_code,
    areas.geography,
    found.geography_code,
    {{ candidate.preference }} as preference
from areas
inner join {{ candidate.relation }} as found
    on areas.geography = found.geography and {{ candidate.on }}

union all

{% endfor -%}
select
    nation,
    edition,
    area_code,
    geography,
    msoa_code as geography_code,
    7 as preference
from areas
where geography = 'msoa' and msoa_code is not null
