-- An area of the anchor keeps its own score, and every nation has the anchor's spread about its line;
-- if not, the nations are not on one scale.
select
    composite.anchor,
    composite.nation,
    composite.edition,
    composite.area_code,
    composite.score,
    areas.overall_score
from {{ ref('int_uk_index') }} as composite
inner join {{ ref('int_uk_areas') }} as areas
    on
        composite.nation = areas.nation
        and composite.edition = areas.edition
        and composite.area_code = areas.area_code
where
    composite.anchor = composite.nation || ' ' || composite.edition
    and not abs(composite.score - areas.overall_score) < 1e-10
