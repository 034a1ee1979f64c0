{{ config(materialized='table') }}

-- The composite index of the UK by mySociety's method: the anchor's line at the area's employment
-- rate, plus how far the area lies from its own nation's line, on the scale of the anchor. An area
-- of the anchor keeps its own score. Only for anchors with all four nations.
with
whole as (
    select anchor
    from {{ ref('int_uk_anchors') }}
    group by anchor
    having count(*) = 4 and count(case when nation = anchor_nation then 1 end) = 1
),

scored as (
    select
        anchors.anchor,
        areas.nation,
        areas.edition,
        areas.area_code,
        areas.population,
        of_anchor.intercept + of_anchor.slope * areas.employment_rate
        + (areas.overall_score - own.intercept - own.slope * areas.employment_rate)
        * (of_anchor.residual_deviation / own.residual_deviation) as score
    from {{ ref('int_uk_anchors') }} as anchors
    inner join whole
        on anchors.anchor = whole.anchor
    inner join {{ ref('int_uk_regressions') }} as own
        on anchors.nation = own.nation and anchors.edition = own.edition
    inner join {{ ref('int_uk_regressions') }} as of_anchor
        on anchors.anchor_nation = of_anchor.nation and anchors.anchor_edition = of_anchor.edition
    inner join {{ ref('int_uk_areas') }} as areas
        on anchors.nation = areas.nation and anchors.edition = areas.edition
),

ranked as (
    select
        *,
        rank() over (partition by anchor order by score desc)
        + (count(*) over (partition by anchor, score) - 1) / cast(2 as double) as rank,
        -- Those who live in the area and in all more deprived ones.
        sum(population) over (
            partition by anchor
            order by score desc, nation, area_code
            rows between unbounded preceding and current row
        ) as population_so_far,
        sum(population) over (partition by anchor) as total_population,
        count(population) over (partition by anchor) = count(*) over (partition by anchor)
            as has_populations
    from scored
)

select
    anchor,
    nation,
    edition,
    area_code,
    score,
    rank,
    population,
    {% for k, name in [(10, 'decile'), (5, 'quintile')] -%}
    case
        when has_populations and total_population > 0
            then cast(greatest(1, ceil({{ k }} * population_so_far / total_population)) as integer)
    end as population_{{ name }}{{ ',' if not loop.last }}
    {% endfor %}
from ranked
