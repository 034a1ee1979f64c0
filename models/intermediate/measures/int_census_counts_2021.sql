-- The counts that Townsend's index is made of, for the small areas that have all of them.
with
counts as (
    select
        area_code,
        {% for measure in [
            'unemployed', 'economically_active',
            'households_overcrowded', 'households_by_occupancy',
            'households_without_car', 'households_by_cars',
            'households_not_owned', 'households_by_tenure',
        ] -%}
        sum(case when measure = '{{ measure }}' then value end) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_measure_values') }}
    where source like 'Census 2021 %'
    group by area_code
)

select *
from counts
where
    unemployed is not null
    and households_overcrowded is not null
    and households_without_car is not null
    and households_not_owned is not null
    -- An area of communal establishments alone has no households.
    and least(economically_active, households_by_occupancy, households_by_cars, households_by_tenure) > 0
