-- If this fails, an edition's file is damaged: an area has lost its local authority, or a code has two
-- names there.
with
by_edition as (
    select
        nation,
        edition,
        count(lad_code) as with_code,
        count(lad_name) as with_name
    from {{ ref('int_areas') }}
    group by nation, edition
)

select
    areas.nation,
    areas.edition,
    areas.area_code,
    'no local authority' as problem
from {{ ref('int_areas') }} as areas
inner join by_edition
    on areas.nation = by_edition.nation and areas.edition = by_edition.edition
where
    (areas.lad_code is null and by_edition.with_code > 0)
    or (areas.lad_name is null and by_edition.with_name > 0)

union all

select
    nation,
    edition,
    min(area_code) as area_code,
    lad_code || ' is ' || min(lad_name) || ' and ' || max(lad_name) as problem
from {{ ref('int_areas') }}
where lad_code is not null
group by nation, edition, lad_code
having min(lad_name) <> max(lad_name)
