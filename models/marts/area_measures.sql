with
measures as (
    select
        'townsend' as measure_code,
        2011 as year,
        'LSOA 2011, data zone 2011, SOA 2001' as area_type,
        area_code,
        score as value,
        true as is_higher_more_deprived,
        -- Published the other way round: 5 is the most deprived.
        6 - quintile as quintile,
        quintile as published_quintile
    from {{ ref('stg_census__townsend_2011') }}

    union all

    select
        'household_deprivation_' || dimensions as measure_code,
        2021 as year,
        'LSOA 2021' as area_type,
        area_code,
        households / total_households as value,
        case dimensions
            when 0 then false
            when 3 then true
            when 4 then true
        end as is_higher_more_deprived,
        cast(null as integer) as quintile,
        cast(null as integer) as published_quintile
    from {{ ref('stg_census__household_deprivation_2021') }}
)

select *
from measures
order by
    measure_code,
    area_code
