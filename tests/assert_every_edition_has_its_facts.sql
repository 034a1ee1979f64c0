-- If this fails, an edition lacks a fact in a seed, and would be built with nulls in its place, or
-- with a wrong overall score where a domain has no weight. Each row names the seed and what was
-- forgotten.
{%- set facts = [
    'country_code', 'area_type', 'area_column', 'areas', 'quantile_rule', 'tie_rule', 'score_tie_rule',
    'recomputes_score',
] %}
with
editions as (
    select *
    from {{ ref('published_editions') }}
),

indices as (
    select
        nation,
        edition,
        count(case when index_code = 'imd' and kind = 'overall' then 1 end) as overall,
        count(case when kind = 'domain' then 1 end) as domains,
        count(case when kind = 'domain' then weight end) as weighted_domains,
        sum(case when kind = 'domain' then weight end) as total_weight
    from {{ ref('indices') }}
    group by nation, edition
),

columns_of_ranks as (
    select
        nation,
        edition,
        index_code
    from {{ ref('index_columns') }}
    where measure = 'rank'
),

forgotten as (
    {%- for fact in facts %}
    select
        nation,
        edition,
        'published_editions has no {{ fact }}' as forgotten
    from editions
    where {{ fact }} is null

    union all
    {% endfor %}
    select
        editions.nation,
        editions.edition,
        'indices has no overall index imd' as forgotten
    from editions
    left join indices
        on editions.nation = indices.nation and editions.edition = indices.edition
    where coalesce(indices.overall, 0) = 0

    union all

    select
        editions.nation,
        editions.edition,
        'indices has weights for ' || cast(indices.weighted_domains as string) || ' of '
        || cast(indices.domains as string) || ' domains, that add to '
        || cast(coalesce(indices.total_weight, 0) as string) as forgotten
    from editions
    inner join indices
        on editions.nation = indices.nation and editions.edition = indices.edition
    -- England's weights add to 0.999, as published.
    where
        editions.recomputes_score
        and (
            indices.weighted_domains < indices.domains
            or indices.domains = 0
            or indices.total_weight not between 0.99 and 1.01
        )

    union all

    select
        indices.nation,
        indices.edition,
        'index_columns has no rank of ' || indices.index_code as forgotten
    from {{ ref('indices') }} as indices
    left join columns_of_ranks
        on
            indices.nation = columns_of_ranks.nation
            and indices.edition = columns_of_ranks.edition
            and indices.index_code = columns_of_ranks.index_code
    where columns_of_ranks.nation is null

    union all

    select
        indices.nation,
        indices.edition,
        'published_editions has no row of it' as forgotten
    from indices
    left join editions
        on indices.nation = editions.nation and indices.edition = editions.edition
    where editions.nation is null
)

select
    nation,
    edition,
    forgotten
from forgotten
