{{ config(severity='warn') }}
-- Places in use whose name is null in places, postcodes and areas, because it is in none of the
-- directory's lists, ONS's lookups and the editions. To fill them, add ONS's lists of names and
-- codes.
select
    geography,
    count(*) as places,
    min(code) as first_code
from {{ ref('int_places') }}
where name is null
group by geography
order by geography
