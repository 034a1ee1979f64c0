{#- Of what staging reads: `deprivation stage` runs it before Spark sees anything. -#}
{{ config(enabled=target.type == 'duckdb') }}
-- If this fails, a code in lower case or with a blank at its end joins with nothing, and its area
-- is lost.
{%- set columns = [
    'country_code', 'region_code', 'county_code', 'lad_code', 'ward_code', 'pcon_code', 'icb_code',
    'sub_icb_code', 'pfa_code', 'lsoa_2001_code', 'lsoa_2011_code', 'lsoa_2021_code',
    'msoa_2011_code', 'msoa_2021_code',
] %}
with
-- One pass over all columns leaves few rows.
directory as (
    select *
    from {{ ref('stg_ons__postcode_directory') }}
    where
        not regexp_full_match(concat({{ columns | join(', ') }}), '[0-9A-Z]*')
        or '' in ({{ columns | join(', ') }})
),

codes as (
    {% for column in columns %}
    select distinct
        'postcode_directory' as source,
        '{{ column }}' as column_name,
        {{ column }} as code
    from directory
    union all
    {% endfor %}
    select distinct
        nation || ' ' || edition as source,
        measure as column_name,
        coalesce(text_value, '') as code
    from {{ ref('stg_published_values') }}
    where measure like '%code' and text_value is not null

    union all

    select distinct
        nation || ' ' || edition as source,
        'area_code' as column_name,
        coalesce(area_code, '') as code
    from {{ ref('stg_published_values') }}

    union all

    select distinct
        'lookup' as source,
        from_geography || from_year as column_name,
        from_code as code
    from {{ ref('stg_ons__lookups') }}

    union all

    select distinct
        'lookup' as source,
        to_geography || to_year as column_name,
        to_code as code
    from {{ ref('stg_ons__lookups') }}
)

select
    source,
    column_name,
    code
from codes
where not regexp_full_match(code, '[0-9A-Z]+')
order by source, column_name, code
