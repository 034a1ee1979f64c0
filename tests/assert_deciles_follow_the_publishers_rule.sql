-- A published band that is not what the publisher's rule makes of the rank is a misread file: a
-- wrong column, a rank of another index, or areas left out of N.
select
    nation,
    edition,
    index_code,
    area_code,
    rank,
    areas,
    published_decile,
    published_quintile
from {{ ref('int_area_indices') }}
where
    published_decile <> {{ official_quantile('nation', 'edition', 'rank', 'areas', 10) }}
    or published_quintile <> {{ official_quantile('nation', 'edition', 'rank', 'areas', 5) }}
