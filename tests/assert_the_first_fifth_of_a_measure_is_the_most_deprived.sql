-- If this fails, the fifths of a measure are turned round: its quintile 1 must hold the areas of its
-- highest values, and no area of a later quintile may have a higher one.
with
fifths as (
    select
        measure_code,
        year,
        quintile,
        min(value) as lowest,
        max(value) as highest
    from {{ ref('area_measures') }}
    where quintile is not null
    group by measure_code, year, quintile
)

select
    more.measure_code,
    more.year,
    more.quintile,
    more.lowest,
    less.quintile as later_quintile,
    less.highest as highest_of_later
from fifths as more
inner join fifths as less
    on
        more.measure_code = less.measure_code
        and more.year = less.year
        and more.quintile < less.quintile
where less.highest > more.lowest
