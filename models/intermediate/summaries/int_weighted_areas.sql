{{ config(materialized='table') }}

-- What the publisher's summaries add up, an area and index at a time.
with
numbered as (
    select
        index_code,
        cast(row_number() over (order by index_code) as integer) as index_id
    from {{ ref('int_indices') }}
    group by index_code
)

select
    areas.nation,
    areas.edition,
    areas.index_code,
    numbered.index_id,
    areas.area_code,
    areas.rank,
    case indices.population_measure
        when 'population' then described.population
        when 'population_working_age' then described.population_working_age
        when 'population_0_15' then described.population_0_15
        when 'population_60_plus' then described.population_60_plus
    end as population,
    -- Reversed, so that a higher mean is more deprived.
    areas.areas + 1 - areas.mean_rank as reversed_rank,
    -- The rounded overall score would put the mean off by up to 0.0006.
    areas.unrounded_score as score,
    areas.decile,
    case
        when ceil(100 * areas.rank / areas.areas) <= 10 then 1.0
        when ceil(100 * areas.rank / areas.areas) <= 30
            then 0.95e0 - (ceil(100 * areas.rank / areas.areas) - 11) * 0.9e0 / 19
        else 0.0
    end as extent
from {{ ref('int_area_indices') }} as areas
inner join {{ ref('int_areas') }} as described
    on
        areas.nation = described.nation
        and areas.edition = described.edition
        and areas.area_code = described.area_code
inner join {{ ref('int_indices') }} as indices
    on
        areas.nation = indices.nation
        and areas.edition = indices.edition
        and areas.index_code = indices.index_code
inner join numbered
    on areas.index_code = numbered.index_code
where areas.rank is not null
