{{ config(materialized='table') }}

-- What an edition says of an area besides its indices.
select
    nation,
    edition,
    area_code,
    max(case when measure = 'area_name' then text_value end) as area_name,
    max(case when measure = 'lad_code' then text_value end) as lad_code,
    max(case when measure = 'lad_name' then text_value end) as lad_name,
    max(case when measure = 'msoa_code' then text_value end) as msoa_code,
    max(case when measure = 'health_board_code' then text_value end) as health_board_code,
    max(case when measure = 'health_board_name' then text_value end) as health_board_name,
    {% for population in ['population', 'population_0_15', 'population_60_plus', 'population_working_age'] -%}
    max(case when measure = '{{ population }}' then number_value end) as {{ population }},
    {% endfor -%}
    count(case when measure = 'area_code' then 1 end) as rows_in_file
from {{ ref('int_published_values') }}
where index_code is null
group by nation, edition, area_code
