{{ config(severity='warn') }}
-- Areas with more children, adults or older people than people: a column of the edition's file, or of
-- the file of populations beside it, is another's.
select
    nation,
    edition,
    area_code,
    population,
    population_0_15,
    population_16_59,
    population_60_plus
from {{ ref('int_areas') }}
where population < greatest(population_0_15, population_16_59, population_60_plus)
