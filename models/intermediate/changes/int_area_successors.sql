{{ config(materialized='table') }}

-- The small areas that one of an older census became, and how many censuses later: those of the
-- next, and of the one after it. Of two changes in a row, the one that is not U; of two that
-- differ otherwise, X.
with
changes as (
    select
        'lsoa_' || cast(from_year as string) || '_code' as area_column,
        from_code as area_code,
        'lsoa_' || cast(to_year as string) || '_code' as later_column,
        to_code as later_code,
        change
    from {{ ref('stg_ons__area_changes') }}
),

twice as (
    select
        older.area_column,
        older.area_code,
        newer.later_column,
        newer.later_code,
        case
            when older.change = newer.change then older.change
            when older.change = 'U' then newer.change
            when newer.change = 'U' then older.change
            else 'X'
        end as change
    from changes as older
    inner join changes as newer
        on older.later_column = newer.area_column and older.later_code = newer.area_code
)

select
    area_column,
    area_code,
    later_column,
    later_code,
    change,
    1 as steps
from changes

union all

select
    area_column,
    area_code,
    later_column,
    later_code,
    case when min(change) = max(change) then min(change) else 'X' end as change,
    2 as steps
from twice
group by area_column, area_code, later_column, later_code
