-- The counts that Carstairs' index is made of, for the small areas that have all of them.
with
counts as (
    select
        cast(right(source, 4) as integer) as year,
        area_code,
        {% for measure in [
            'males_unemployed', 'males_active',
            'residents_overcrowded', 'residents_by_occupancy',
            'residents_without_car', 'residents_by_cars',
            'residents_low_social_class', 'residents_by_social_class',
        ] -%}
        sum(case when measure = '{{ measure }}' then value end) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_measure_values') }}
    where source like 'Carstairs counts %'
    group by source, area_code
)

select *
from counts
where
    males_unemployed is not null
    and residents_overcrowded is not null
    and residents_without_car is not null
    and residents_low_social_class is not null
    and males_active > 0
    and residents_by_occupancy > 0
    and residents_by_cars > 0
    and residents_by_social_class > 0
