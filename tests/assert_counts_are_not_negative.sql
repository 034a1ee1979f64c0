-- If this fails, a population or count below zero weighs against its place in every summary.
select
    nation || ' ' || edition as source,
    area_code,
    measure,
    number_value as value
from {{ ref('stg_published_values') }}
where measure like 'population%' and number_value < 0

union all

select
    nation || ' ' || edition || ' population denominators' as source,
    area_code,
    measure,
    value
from {{ ref('stg_supplement_values') }}
where value < 0

union all

-- Of the census and other files: counts, rates in per cent and scores from nought upwards.
select
    source,
    area_code,
    measure,
    value
from {{ ref('stg_measure_values') }}
where value < 0 or (measure = 'employment_rate' and value > 100)
