{{ config(materialized='table') }}

-- For each edition the least-squares line of the overall score on the employment rate, and how far
-- scores lie from it (standard deviation with n - 1).
with
means as (
    select
        nation,
        edition,
        count(*) as areas,
        {{ repeatable_sum('employment_rate', digits=18) }} / count(*) as mean_rate,
        {{ repeatable_sum('overall_score', digits=18) }} / count(*) as mean_score
    from {{ ref('int_uk_areas') }}
    group by nation, edition
),

slopes as (
    select
        means.nation,
        means.edition,
        {{ repeatable_sum(
            '(areas.employment_rate - means.mean_rate) * (areas.overall_score - means.mean_score)',
            digits=18
        ) }}
        / nullif(
            {{ repeatable_sum('power(areas.employment_rate - means.mean_rate, 2)', digits=18) }}, 0
        ) as slope
    from {{ ref('int_uk_areas') }} as areas
    inner join means
        on areas.nation = means.nation and areas.edition = means.edition
    group by means.nation, means.edition
),

lines as (
    select
        means.nation,
        means.edition,
        means.areas,
        slopes.slope,
        means.mean_score - slopes.slope * means.mean_rate as intercept
    from means
    inner join slopes
        on means.nation = slopes.nation and means.edition = slopes.edition
)

select
    lines.nation,
    lines.edition,
    max(lines.slope) as slope,
    max(lines.intercept) as intercept,
    sqrt(
        {{ repeatable_sum(
            'power(areas.overall_score - lines.intercept - lines.slope * areas.employment_rate, 2)',
            digits=18
        ) }}
        / nullif(max(lines.areas) - 1, 0)
    ) as residual_deviation
from {{ ref('int_uk_areas') }} as areas
inner join lines
    on areas.nation = lines.nation and areas.edition = lines.edition
group by lines.nation, lines.edition
