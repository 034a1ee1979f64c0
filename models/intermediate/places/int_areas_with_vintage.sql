-- The areas of each edition with the column of the directory that holds their codes, and what the
-- publisher gives of the places that they lie in.
with
areas as (
    select
        areas.*,
        editions.area_column
    from {{ ref('int_areas') }} as areas
    inner join {{ ref('published_editions') }} as editions
        on areas.nation = editions.nation and areas.edition = editions.edition
),

-- An edition that names no local authorities (England 2010) has those of the edition nearest in
-- time that ranks the same areas.
others as (
    select
        areas.nation,
        areas.edition,
        areas.area_code,
        others.lad_code,
        others.lad_name
    from areas
    inner join areas as others
        on
            areas.nation = others.nation
            and areas.area_column = others.area_column
            and areas.area_code = others.area_code
    where areas.lad_name is null and others.lad_name is not null
    qualify row_number() over (
        partition by areas.nation, areas.edition, areas.area_code
        order by abs(areas.edition - others.edition), others.edition desc
    ) = 1
)

select
    areas.nation,
    areas.edition,
    areas.area_column,
    areas.area_code,
    coalesce(areas.lad_code, others.lad_code) as lad_code,
    coalesce(areas.lad_name, others.lad_name) as lad_name,
    areas.msoa_code,
    -- An LSOA is named after its MSOA and a letter: Broxtowe 004D. No other kind of area is.
    case
        when
            left(right(areas.area_name, 4), 3) between '001' and '999'
            and right(areas.area_name, 1) between 'A' and 'Z'
            then left(areas.area_name, length(areas.area_name) - 1)
    end as msoa_name
from areas
left join others
    on
        areas.nation = others.nation
        and areas.edition = others.edition
        and areas.area_code = others.area_code
