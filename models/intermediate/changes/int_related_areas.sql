-- The same land in another vintage: itself where the code was kept, else its parts or its whole.
select
    area_code,
    area_code as related_code
from {{ ref('int_areas') }}

union

select
    area_code,
    later_code as related_code
from {{ ref('int_area_successors') }}

union

select
    later_code as area_code,
    area_code as related_code
from {{ ref('int_area_successors') }}
