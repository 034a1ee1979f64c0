-- The editions that this build holds, each with the number of areas counted from its file.
with
counted as (
    select
        nation,
        edition,
        count(*) as areas
    from {{ ref('int_areas') }}
    group by nation, edition
)

select
    editions.nation,
    editions.edition,
    editions.title,
    editions.area_type,
    editions.area_column,
    editions.country_code,
    counted.areas,
    editions.quantile_rule,
    -- Bounds are of the whole edition: a part of its areas goes by the rule.
    case when counted.areas = editions.areas then editions.decile_bounds end as decile_bounds,
    editions.tie_rule,
    editions.score_tie_rule,
    editions.recomputes_score,
    editions.published_on,
    editions.publisher,
    editions.licence,
    editions.source_url
from {{ ref('published_editions') }} as editions
inner join counted
    on editions.nation = counted.nation and editions.edition = counted.edition
