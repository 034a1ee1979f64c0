{{ config(materialized='table') }}

-- The rural-urban class of each small area: by ONS's lookup, else the one of most of its postcodes
-- (of a tie, the first code). There is none for areas of 2001.
with
candidates as (
    select
        'lsoa_2021_code' as area_column,
        from_code as area_code,
        to_code as class_code,
        1 as preference,
        count(*) as postcodes
    from {{ ref('stg_ons__lookups') }}
    where from_geography = 'lsoa' and from_year = 2021 and to_geography = 'ruc'
    group by from_code, to_code

    {%- for vintage in ['2011', '2021'] %}

    union all

    select
        'lsoa_{{ vintage }}_code' as area_column,
        lsoa_{{ vintage }}_code as area_code,
        rural_urban_{{ vintage }} as class_code,
        2 as preference,
        count(*) as postcodes
    from {{ ref('int_postcodes') }}
    where
        rural_urban_{{ vintage }} is not null
        and (
            left(lsoa_{{ vintage }}_code, 1) = left(country_code, 1)
            or left(lsoa_{{ vintage }}_code, 1) = '9'
        )
    group by lsoa_{{ vintage }}_code, rural_urban_{{ vintage }}
    {%- endfor %}
)

select
    candidates.area_column,
    candidates.area_code,
    candidates.class_code,
    classes.name as class_name
from candidates
left join {{ ref('rural_urban_classes') }} as classes
    on
        candidates.class_code = classes.code
        and candidates.area_column = 'lsoa_' || cast(classes.year as string) || '_code'
qualify row_number() over (
    partition by candidates.area_column, candidates.area_code
    order by candidates.preference, candidates.postcodes desc, candidates.class_code
) = 1
