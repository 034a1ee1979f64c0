{{ config(materialized='table') }}

-- Every place of today's directory and the place above it that most of its postcodes are in (of a
-- tie, the first code).
with
{#- MSOAs have a column per census; the rest of the directory's geographies have one. #}
{%- set columns = geographies() | rejectattr('geography', 'equalto', 'msoa') | list %}
counted as (
    select
        {% for place in columns -%}
        {{ place.column }} as {{ place.geography }},
        {% endfor -%}
        msoa_2011_code,
        msoa_2021_code,
        country_code as nation,
        count(*) as postcodes
    from {{ ref('int_postcodes') }}
    group by all
),

pairs as (
    {%- for place in geographies() %}
    {%- for column in (['msoa_2011_code', 'msoa_2021_code'] if place.geography == 'msoa' else [place.geography]) %}
    select
        '{{ place.geography }}' as geography,
        {{ column }} as code,
        nation as country_code,
        case when {{ place.parent }} is not null then '{{ place.parent }}' else 'nation' end
            as parent_geography,
        coalesce({{ place.parent }}, nation) as parent_code,
        sum(postcodes) as postcodes
    from counted
    where {{ column }} is not null
    group by all
    union all
    {%- endfor %}
    {%- endfor %}
    select
        'nation' as geography,
        nation as code,
        nation as country_code,
        cast(null as string) as parent_geography,
        cast(null as string) as parent_code,
        sum(postcodes) as postcodes
    from counted
    where nation is not null
    group by nation
)

select
    geography,
    code,
    country_code,
    parent_geography,
    parent_code
from pairs
qualify row_number() over (
    partition by geography, code
    order by postcodes desc, country_code, parent_code
) = 1
