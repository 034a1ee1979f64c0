{{ config(materialized='table') }}

-- What the composite index of the UK is made of, for every edition that has an overall score and an
-- employment rate of all its areas. An edition's scores come from one place, and so do its
-- populations: those of mid-2019, where they are of its areas, else the publisher's denominators.
with
populations as (
    select
        area_code,
        max(value) as population
    from {{ ref('stg_measure_values') }}
    where measure = 'population'
    group by area_code
),

counted as (
    select
        scores.nation,
        scores.edition,
        scores.area_code,
        scores.published_score,
        scores.recomputed_score,
        rates.employment_rate,
        populations.population as supplied_population,
        areas.population as edition_population,
        count(scores.published_score) over (partition by scores.nation, scores.edition)
            as published_scores,
        count(populations.population) over (partition by scores.nation, scores.edition)
            as supplied_populations,
        count(*) over (partition by scores.nation, scores.edition) as areas
    from {{ ref('int_uk_overall_scores') }} as scores
    inner join {{ ref('int_areas') }} as areas
        on
            scores.nation = areas.nation
            and scores.edition = areas.edition
            and scores.area_code = areas.area_code
    left join {{ ref('int_uk_employment_rates') }} as rates
        on
            scores.nation = rates.nation
            and scores.edition = rates.edition
            and scores.area_code = rates.area_code
    left join populations
        on scores.area_code = populations.area_code
),

chosen as (
    select
        nation,
        edition,
        area_code,
        case
            when published_scores = areas then published_score
            else recomputed_score
        end as overall_score,
        employment_rate,
        case
            when supplied_populations = areas then supplied_population
            else edition_population
        end as population
    from counted
)

select *
from chosen
qualify count(overall_score + employment_rate) over (partition by nation, edition)
    = count(*) over (partition by nation, edition)
