{{ config(materialized='table') }}

-- The areas of each place by number rather than by name: what is summed and sorted below runs to
-- tens of millions of rows.
with
places as (
    select
        nation,
        edition,
        geography,
        geography_code,
        row_number() over (order by nation, edition, geography, geography_code) as place_id
    from (
        select distinct
            nation,
            edition,
            geography,
            geography_code
        from {{ ref('int_area_memberships') }}
    ) as distinct_places
)

select
    members.nation,
    members.edition,
    members.geography,
    members.geography_code,
    members.area_code,
    cast(places.place_id as integer) as place_id
from {{ ref('int_area_memberships') }} as members
inner join places
    on
        members.nation = places.nation
        and members.edition = places.edition
        and members.geography = places.geography
        and members.geography_code = places.geography_code
