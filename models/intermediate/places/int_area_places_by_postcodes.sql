{{ config(materialized='table') }}

-- The code of each geography that most postcodes of an area, live or not, are in; of a tie, the
-- first code. `area_column` is the vintage of the area's code. The directory has some postcodes over
-- the border from their area: they do not count. The first letter of ONS's codes is the nation's
-- (Northern Ireland's areas of 2001 have digits).
with
counted as (
    {%- for vintage in vintages() %}
    select
        'lsoa_{{ vintage }}_code' as area_column,
        lsoa_{{ vintage }}_code as area_code,
        {% for place in geographies() -%}
        {{ place.column.replace('{vintage}', vintage).replace('msoa_2001_code', 'cast(null as string)') }}
            as {{ place.geography }},
        {% endfor -%}
        count(*) as postcodes
    from {{ ref('int_postcodes') }}
    where
        left(lsoa_{{ vintage }}_code, 1) = left(country_code, 1)
        or left(lsoa_{{ vintage }}_code, 1) = '9'
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

votes as (
    {%- for place in geographies() %}
    select
        area_column,
        area_code,
        '{{ place.geography }}' as geography,
        {{ place.geography }} as geography_code,
        sum(postcodes) as postcodes
    from counted
    where {{ place.geography }} is not null
    group by area_column, area_code, {{ place.geography }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    area_column,
    area_code,
    geography,
    geography_code,
    postcodes
from votes
qualify row_number() over (
    partition by area_column, area_code, geography
    order by postcodes desc, geography_code
) = 1
