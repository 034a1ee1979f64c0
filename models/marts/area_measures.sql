with
figures as (
    select
        'townsend' as measure_code,
        2011 as year,
        area_code,
        score as value,
        -- Published the other way round: 5 is the most deprived.
        6 - quintile as quintile,
        quintile as published_quintile
    from {{ ref('stg_census__townsend_2011') }}

    union all

    select
        'townsend' as measure_code,
        2021 as year,
        area_code,
        score as value,
        quintile,
        cast(null as integer) as published_quintile
    from {{ ref('int_townsend_2021') }}

    union all

    select
        'carstairs' as measure_code,
        year,
        area_code,
        score as value,
        quintile,
        cast(null as integer) as published_quintile
    from {{ ref('int_carstairs') }}

    union all

    select
        'household_deprivation_' || dimensions as measure_code,
        2021 as year,
        area_code,
        households / nullif(total_households, 0) as value,
        cast(null as integer) as quintile,
        cast(null as integer) as published_quintile
    from {{ ref('stg_census__household_deprivation_2021') }}
)

select
    figures.measure_code,
    figures.year,
    measures.area_type,
    figures.area_code,
    figures.value,
    measures.is_higher_more_deprived,
    figures.quintile,
    figures.published_quintile,
    measures.label
from figures
inner join {{ ref('measures') }} as measures
    on figures.measure_code = measures.measure_code and figures.year = measures.year
order by
    figures.measure_code,
    figures.year,
    figures.area_code
