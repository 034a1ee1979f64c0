{#-
    Carstairs' index of material deprivation of each area of a relation that holds the eight counts:
    the sum of four z-scores over all areas of the relation (standard deviation with n - 1; areas are
    not weighted by population), of men unemployed among the economically active, and of residents
    of overcrowded households, without a car and of low social class, all as they are, without
    logarithms.
    sets: columns whose values part the relation into sets that are standardised each on its own.
-#}
{% macro carstairs(
    relation, area, males_unemployed, males_active, overcrowded, by_occupancy,
    without_car, by_cars, low_social_class, by_social_class, sets=[]
) -%}
{%- set parted = 'partition by ' ~ sets | join(', ') if sets else '' -%}
select
    {%- for column in sets %}
    {{ column }},
    {%- endfor %}
    {{ area }},
    {%- for part in [
        '100.0 * ' ~ males_unemployed ~ ' / ' ~ males_active,
        '100.0 * ' ~ overcrowded ~ ' / ' ~ by_occupancy,
        '100.0 * ' ~ without_car ~ ' / ' ~ by_cars,
        '100.0 * ' ~ low_social_class ~ ' / ' ~ by_social_class,
    ] %}
    {{ '+ ' if not loop.first }}({{ part }} - avg({{ part }}) over ({{ parted }})) / stddev_samp({{ part }}) over ({{ parted }})
    {%- endfor %} as score
from {{ relation }}
{%- endmacro %}
