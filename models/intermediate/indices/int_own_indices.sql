{{ config(materialized='table') }}

-- Indices with weights of one's own: the score is made of the domains' ranks as the publisher makes
-- its own, and ranked before it is rounded (of England's published scores of three decimals the
-- ranks would be wrong for 9,600 LSOAs). No rows where an edition or a domain of it is not there.
with
weights as (
    select
        *,
        count(*) over (partition by nation, edition, name) as domains
    from {{ ref('stg_own_indices') }}
),

scored as (
    select
        weights.nation,
        weights.edition,
        weights.name,
        domains.area_code,
        {{ repeatable_sum('weights.weight * domains.score', digits=15) }} as score
    from weights
    inner join {{ ref('int_domain_scores') }} as domains
        on
            weights.nation = domains.nation
            and weights.edition = domains.edition
            and weights.index_code = domains.index_code
    group by weights.nation, weights.edition, weights.name, domains.area_code
    having count(domains.score) = max(weights.domains)
),

ranked as (
    select
        *,
        rank() over (partition by nation, edition, name order by score desc) as rank,
        count(*) over (partition by nation, edition, name, score) as tied,
        count(*) over (partition by nation, edition, name) as areas
    from scored
)

select
    ranked.nation,
    ranked.edition,
    ranked.name,
    'own:' || ranked.name as index_code,
    ranked.area_code,
    ranked.score,
    cast(ranked.rank as double) as rank,
    ranked.rank + (ranked.tied - 1) / cast(2 as double) as mean_rank,
    ranked.areas,
    {{ official_quantile('editions.quantile_rule', 'editions.decile_bounds', 'ranked.rank', 'ranked.areas', 10) }}
        as decile,
    {{ official_quantile('editions.quantile_rule', 'editions.decile_bounds', 'ranked.rank', 'ranked.areas', 5) }}
        as quintile
from ranked
inner join {{ ref('int_built_editions') }} as editions
    on ranked.nation = editions.nation and ranked.edition = editions.edition
