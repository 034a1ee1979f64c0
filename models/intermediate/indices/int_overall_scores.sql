{{ config(materialized='table') }}

-- The overall score before rounding: the weighted sum of the domains' scores, where the edition's
-- row says that this is how it is made. Equal to the published score to its three decimals for all
-- 33,755 LSOAs of 2025.
with
weighted as (
    select
        domains.nation,
        domains.edition,
        domains.area_code,
        count(domains.score) = count(*) as is_complete,
        {{ repeatable_sum('domains.weight * domains.score', digits=15) }} as score
    from {{ ref('int_domain_scores') }} as domains
    inner join {{ ref('int_built_editions') }} as editions
        on domains.nation = editions.nation and domains.edition = editions.edition
    where editions.recomputes_score
    group by domains.nation, domains.edition, domains.area_code
)

select
    nation,
    edition,
    area_code,
    'imd' as index_code,
    score
from weighted
where is_complete
