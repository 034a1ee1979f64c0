{{ config(materialized='table') }}

-- Where each small area is: the mean of its live postcodes, to 0.1 m. Postcodes over the border do
-- not count. Not by round(): of a five in the seventh place, engines round 128 areas differently.
{% for vintage in vintages() -%}
select
    'lsoa_{{ vintage }}_code' as area_column,
    lsoa_{{ vintage }}_code as area_code,
    floor({{ repeatable_sum('latitude') }} / count(latitude) * 1e6 + 0.5e0) / 1e6 as latitude,
    floor({{ repeatable_sum('longitude') }} / count(longitude) * 1e6 + 0.5e0) / 1e6 as longitude,
    count(*) as live_postcodes
from {{ ref('int_postcodes') }}
where
    is_live
    and (
        left(lsoa_{{ vintage }}_code, 1) = left(country_code, 1)
        or left(lsoa_{{ vintage }}_code, 1) = '9'
    )
group by lsoa_{{ vintage }}_code
{{ 'union all' if not loop.last }}
{% endfor %}
