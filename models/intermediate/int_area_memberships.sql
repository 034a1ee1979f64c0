-- Every place that an area is ranked within and summed to.
select
    nation,
    edition,
    area_code,
    geography,
    geography_code
from {{ ref('int_area_geographies') }}

union all

select distinct
    nation,
    edition,
    area_code,
    geography,
    geography_code
from {{ ref('int_custom_memberships') }}
