{#- Of what staging reads: `deprivation stage` runs it before Spark sees anything. -#}
{{ config(enabled=target.type == 'duckdb') }}
-- If this fails, lookups of one year put an area into two places of a kind, and which of them it is
-- published in is a matter of chance.
select
    from_code as area_code,
    to_geography || to_year as column_name,
    count(distinct to_code) as places,
    min(to_code) as first_code,
    max(to_code) as last_code
from {{ ref('stg_ons__lookups') }}
where
    from_geography = 'lsoa'
    and from_year = 2021
    and (
        to_geography = 'ruc'
        {%- for place in geographies() if place.lookup %}
        or to_geography = '{{ place.lookup }}'
        {%- endfor %}
    )
group by from_code, to_geography, to_year
having count(distinct to_code) > 1
order by from_code, column_name
