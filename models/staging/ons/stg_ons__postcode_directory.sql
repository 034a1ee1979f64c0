{{ config(
    materialized='table' if target.type == 'duckdb' else 'view',
    pre_hook=fsst(false),
    post_hook=fsst(true)
) }}
{%- do input_file_name('postcode_directory') %}

{%- set codes = [
    'country_code', 'region_code', 'county_code', 'lad_code', 'ward_code', 'pcon_code', 'icb_code',
    'sub_icb_code', 'pfa_code', 'lsoa_2001_code', 'lsoa_2011_code', 'lsoa_2021_code',
    'msoa_2011_code', 'msoa_2021_code', 'nhs_region_code', 'cancer_alliance_code',
    'health_authority_code',
] %}
{%- set indicators = ['rural_urban_2011', 'rural_urban_2021'] %}
{%- set whole_numbers = ['easting', 'northing', 'imd_rank', 'imd_rank_2025'] %}
{%- set degrees = ['latitude', 'longitude'] %}
{%- set months = ['introduced_on', 'terminated_on'] %}
{%- set others = ['postcode', 'user_type', 'positional_quality'] %}

{%- set columns = directory_columns() %}

with
as_published as (
    select
        {% for name in others + codes + indicators + whole_numbers + degrees + months -%}
        {{ columns.get(name, 'cast(null as varchar)') }} as {{ name }},
        {% endfor -%}
        parse_filename(file_path) as file_name
    from {{ source('ons', 'postcode_directory') }}
)

select
    postcode,
    {% for name in months -%}
    {{ directory_value(name, 'date', "left(" ~ name ~ ", 4) || '-' || right(" ~ name ~ ", 2) || '-01'") }}
        as {{ name }},
    {% endfor -%}
    user_type = '1' as is_large_user,
    -- ONS writes "none" as a pseudo code (E99999999, L99999999 for the Channel Islands, Z9), as
    -- latitude 99.999999 and as rank 0: here all of them are null.
    {% for name in codes -%}
    case when {{ name }} not like '_99999999' then {{ name }} end as {{ name }},
    {% endfor -%}
    {% for name in indicators -%}
    nullif({{ name }}, 'Z9') as {{ name }},
    {% endfor -%}
    {% for name in whole_numbers -%}
    nullif({{ directory_value(name, 'integer') }}, 0) as {{ name }},
    {% endfor -%}
    {% for name in degrees -%}
    case when latitude not like '99.99%' then {{ directory_value(name, 'degrees') }} end as {{ name }},
    {% endfor -%}
    {{ directory_value('positional_quality', 'tinyint') }} as positional_quality,
    file_name
from as_published
