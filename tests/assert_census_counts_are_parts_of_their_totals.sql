-- If this fails, a census table is damaged: more households or people of a kind than there are, which
-- would be published as a share above one, or as a Townsend score of nonsense.
{%- set parts = [
    ('unemployed', 'economically_active'),
    ('households_overcrowded', 'households_by_occupancy'),
    ('households_without_car', 'households_by_cars'),
    ('households_not_owned', 'households_by_tenure'),
] %}

select
    area_code,
    'dimensions of deprivation: ' || dimensions as part,
    households as value,
    total_households as total
from {{ ref('stg_census__household_deprivation_2021') }}
where households < 0 or households > total_households

{% for part, total in parts -%}
union all

select
    area_code,
    '{{ part }}' as part,
    {{ part }} as value,
    {{ total }} as total
from {{ ref('int_census_counts_2021') }}
where {{ part }} > {{ total }}

{% endfor -%}
union all

select
    area_code,
    'quintile of Townsend 2011' as part,
    quintile as value,
    5 as total
from {{ ref('stg_census__townsend_2011') }}
where quintile not between 1 and 5
