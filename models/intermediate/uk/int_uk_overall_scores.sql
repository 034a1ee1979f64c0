-- The overall score of each area by where it comes from: as published, or from the domains' ranks
-- (Scotland and Northern Ireland publish none, and Wales in a file of its own).
with
published as (
    select
        nation,
        edition,
        area_code,
        published_score
    from {{ ref('int_index_ranks') }}
    where index_code = 'imd'
),

recomputed as (
    select
        nation,
        edition,
        area_code,
        case
            when count(score) = count(*) then {{ repeatable_sum('weight * score', digits=15) }}
        end as recomputed_score
    from {{ ref('int_domain_scores') }}
    group by nation, edition, area_code
)

select
    published.nation,
    published.edition,
    published.area_code,
    published.published_score,
    recomputed.recomputed_score
from published
left join recomputed
    on
        published.nation = recomputed.nation
        and published.edition = recomputed.edition
        and published.area_code = recomputed.area_code
