{{ config(materialized='table') }}

-- The publisher's summary measures of any place made of areas. Those weighted by population are
-- null where the edition's file leaves the population out.
with
summed as (
    select
        members.nation,
        members.edition,
        members.geography,
        members.geography_code,
        members.place_id,
        areas.index_code,
        count(*) as areas,
        -- Whole numbers or quarters, of which doubles add up exactly.
        sum(areas.population) as population,
        {{ repeatable_sum('areas.population * areas.reversed_rank') }} / nullif(sum(areas.population), 0)
            as average_rank,
        {{ repeatable_sum('areas.population * areas.score') }} / nullif(sum(areas.population), 0)
            as average_score,
        count(case when areas.decile = 1 then 1 end) / cast(count(*) as double)
            as proportion_most_deprived,
        {{ repeatable_sum('areas.population * areas.extent') }} / nullif(sum(areas.population), 0) as extent
    from {{ ref('int_weighted_areas') }} as areas
    inner join {{ ref('int_area_places') }} as members
        on
            areas.nation = members.nation
            and areas.edition = members.edition
            and areas.area_code = members.area_code
    group by
        members.nation,
        members.edition,
        members.geography,
        members.geography_code,
        members.place_id,
        areas.index_code
)

select
    summed.*,
    concentrations.local_concentration
from summed
left join {{ ref('int_local_concentrations') }} as concentrations
    on summed.place_id = concentrations.place_id and summed.index_code = concentrations.index_code
