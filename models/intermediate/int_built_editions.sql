-- The editions that this build holds, each with the number of areas counted from its file.
select
    editions.nation,
    editions.edition,
    editions.title,
    editions.area_type,
    editions.area_column,
    case editions.nation
        when 'England' then 'E92000001'
        when 'Wales' then 'W92000004'
        when 'Scotland' then 'S92000003'
        when 'Northern Ireland' then 'N92000002'
    end as country_code,
    count(*) as areas,
    editions.published_on,
    editions.publisher,
    editions.licence,
    editions.source_url
from {{ ref('published_editions') }} as editions
inner join {{ ref('int_areas') }} as areas
    on editions.nation = areas.nation and editions.edition = areas.edition
group by all
