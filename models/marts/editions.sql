select
    nation,
    country_code,
    edition,
    title,
    area_type,
    area_column,
    areas,
    published_on,
    publisher,
    licence,
    source_url
from {{ ref('int_built_editions') }}
order by nation, edition
