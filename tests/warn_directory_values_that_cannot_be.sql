{#- Of what staging reads: `deprivation stage` runs it before Spark sees anything. -#}
{{ config(severity='warn', enabled=target.type == 'duckdb') }}
-- Postcodes whose dates, coordinates or country cannot be right: ended before they began, begun or
-- ended in the future, metres outside the national grids or, in Great Britain, 30 km from where the
-- latitude puts them (9.3 km at most in 71,703 postcodes of 2021), a country that there is not. None
-- in the directories of November 2021 and 2025.
{%- set countries = [
    'E92000001', 'W92000004', 'S92000003', 'N92000002', 'L93000001', 'M83000003',
] %}
with
release as (
    select max(release) as month
    from {{ ref('stg_input_files') }}
    where source = 'postcode_directory'
)

select
    directory.postcode,
    directory.introduced_on,
    directory.terminated_on,
    directory.country_code,
    directory.easting,
    directory.northing
from {{ ref('stg_ons__postcode_directory') }} as directory
cross join release
where
    directory.terminated_on < directory.introduced_on
    or strftime(directory.introduced_on, '%Y-%m') > nullif(release.month, '')
    or strftime(directory.terminated_on, '%Y-%m') > nullif(release.month, '')
    or directory.country_code not in ('{{ countries | join("', '") }}')
    or directory.easting not between 0 and 700000
    or directory.northing not between 0 and 1300000
    or (
        left(directory.country_code, 1) in ('E', 'W', 'S')
        and abs(directory.northing - ((directory.latitude - 49) * 111200 - 100000)) > 30000
    )
