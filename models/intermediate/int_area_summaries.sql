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
        sum(areas.population) as population,
        sum(areas.population * areas.reversed_rank) / sum(areas.population) as average_rank,
        sum(areas.population * areas.score) / sum(areas.population) as average_score,
        count(case when areas.decile = 1 then 1 end) / cast(count(*) as double)
            as proportion_most_deprived,
        sum(areas.population * areas.extent) / sum(areas.population) as extent
    from {{ ref('int_weighted_areas') }} as areas
    inner join {{ ref('int_place_members') }} as members
        on areas.edition = members.edition and areas.area_code = members.area_code
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
