select
    nation,
    edition,
    title,
    area_type,
    areas,
    published_on,
    publisher,
    licence,
    source_url
from {{ ref('int_built_editions') }}
order by nation, edition
