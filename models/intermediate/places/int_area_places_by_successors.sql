-- Where most postcodes of the areas are that an older area became, of the nearest census first.
-- MSOAs are of one census only.
with
counted as (
    select
        became.area_column,
        became.area_code,
        votes.geography,
        votes.geography_code,
        min(became.steps) as steps,
        sum(votes.postcodes) as postcodes
    from {{ ref('int_area_successors') }} as became
    inner join {{ ref('int_area_places_by_postcodes') }} as votes
        on became.later_column = votes.area_column and became.later_code = votes.area_code
    where votes.geography <> 'msoa'
    group by became.area_column, became.area_code, votes.geography, votes.geography_code
)

select
    area_column,
    area_code,
    geography,
    geography_code
from counted
qualify row_number() over (
    partition by area_column, area_code, geography
    order by steps, postcodes desc, geography_code
) = 1
