{{ config(materialized='table') }}

-- What an edition's file holds of an area besides its indices, and of its populations what only a
-- file beside it holds.
with
in_file as (
    select
        nation,
        edition,
        area_code,
        {% for measure in area_texts() -%}
        max(case when measure = '{{ measure }}' then text_value end) as {{ measure }},
        {% endfor -%}
        {% for measure in area_numbers() -%}
        max(case when measure = '{{ measure }}' then number_value end) as {{ measure }},
        {% endfor -%}
        count(case when measure = 'area_code' then 1 end) as rows_in_file
    from {{ ref('stg_published_values') }}
    where index_code is null
    group by nation, edition, area_code
),

supplied as (
    select
        nation,
        edition,
        area_code,
        {% for measure in area_numbers() -%}
        max(case when measure = '{{ measure }}' then value end) as {{ measure }},
        {% endfor -%}
        max(case when measure = 'population' then year end) as population_year
    from {{ ref('stg_supplement_values') }}
    group by nation, edition, area_code
)

select
    in_file.nation,
    in_file.edition,
    in_file.area_code,
    {% for measure in area_texts() -%}
    in_file.{{ measure }},
    {% endfor -%}
    {% for measure in area_numbers() -%}
    coalesce(in_file.{{ measure }}, supplied.{{ measure }}) as {{ measure }},
    {% endfor -%}
    case when in_file.population is null then supplied.population_year end as supplied_population_year,
    in_file.rows_in_file
from in_file
left join supplied
    on
        in_file.nation = supplied.nation
        and in_file.edition = supplied.edition
        and in_file.area_code = supplied.area_code
