-- If this fails, a custom place would lack areas: one of its members is no area, local authority or
-- county of any edition in this build.
select
    custom.name,
    custom.member
from {{ ref('stg_custom_areas') }} as custom
left join {{ ref('int_area_places_custom') }} as found
    on custom.member = found.member
where
    found.member is null
    and exists (select 1 from {{ ref('int_areas') }})
