-- Townsend's index of 2021, made here: nobody publishes one for LSOA 2021. Overcrowding is an
-- occupancy rating of bedrooms of -1 or less, since persons per room are not published for 2021, so
-- its level is not that of 2011.
with
scored as (
    {{ townsend(
        ref('int_census_counts_2021'), 'area_code', 'unemployed', 'economically_active',
        'households_overcrowded', 'households_by_occupancy', 'households_without_car',
        'households_by_cars', 'households_not_owned', 'households_by_tenure'
    ) | indent(4) }}
)

select
    area_code,
    -- Sums of doubles differ in their last digits from run to run.
    round(score, 9) as score,
    cast(ceil(
        5.0 * rank() over (order by round(score, 9) desc) / count(*) over ()
    ) as integer) as quintile
from scored
