-- If this fails, the edition's file is damaged: an area stands in it twice, or it has more or fewer
-- areas than were published.
select
    nation,
    edition,
    area_code,
    rows_in_file as found,
    1 as expected
from {{ ref('int_areas') }}
where rows_in_file <> 1

union all

select
    built.nation,
    built.edition,
    built.area_type as area_code,
    built.areas as found,
    published.areas as expected
from {{ ref('int_built_editions') }} as built
inner join {{ ref('published_editions') }} as published
    on built.nation = published.nation and built.edition = published.edition
inner join {{ ref('stg_input_files') }} as files
    on files.source = built.nation || ' ' || built.edition and not files.is_synthetic
where built.areas <> published.areas
