-- The small areas that one of an older census became, and how many censuses later: those of the
-- next, and of the one after it.
select
    'lsoa_' || cast(from_year as varchar) || '_code' as area_column,
    from_code as area_code,
    'lsoa_' || cast(to_year as varchar) || '_code' as later_column,
    to_code as later_code,
    1 as steps
from {{ ref('stg_ons__area_changes') }}

union all

select distinct
    'lsoa_' || cast(older.from_year as varchar) || '_code' as area_column,
    older.from_code as area_code,
    'lsoa_' || cast(newer.to_year as varchar) || '_code' as later_column,
    newer.to_code as later_code,
    2 as steps
from {{ ref('stg_ons__area_changes') }} as older
inner join {{ ref('stg_ons__area_changes') }} as newer
    on older.to_year = newer.from_year and older.to_code = newer.from_code
