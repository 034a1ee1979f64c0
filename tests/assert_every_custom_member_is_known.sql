-- A member of a custom area that is no area, local authority or county of any edition built here.
select
    custom.name,
    custom.member
from {{ ref('stg_custom_areas') }} as custom
left join {{ ref('int_custom_memberships') }} as found
    on custom.member = found.member
where
    found.member is null
    and exists (select 1 from {{ ref('int_areas') }})
