-- Carstairs' index, made here of counts that the user gives; each year is a set of its own.
with
scored as (
    {{ carstairs(
        ref('int_carstairs_counts'), 'area_code', 'males_unemployed', 'males_active',
        'residents_overcrowded', 'residents_by_occupancy', 'residents_without_car',
        'residents_by_cars', 'residents_low_social_class', 'residents_by_social_class', sets=['year']
    ) | indent(4) }}
)

select
    year,
    area_code,
    -- Sums of doubles differ in their last digits from run to run.
    round(score, 9) as score,
    cast(ceil(
        5.0 * rank() over (partition by year order by round(score, 9) desc)
        / count(*) over (partition by year)
    ) as integer) as quintile
from scored
