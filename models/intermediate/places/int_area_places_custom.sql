{{ config(materialized='table') }}

-- Which areas of each edition a user's own areas hold. A member is an area's code, of any vintage
-- (of one that was split or merged, all parts or the whole), or any code that a local authority or
-- county it lies in has had: as published with any edition, or today.
with
codes as (
    select
        nation,
        edition,
        area_code,
        geography_code as code,
        case when geography = 'lad_published' then 2 else 1 end as preference
    from {{ ref('int_area_places_official') }}
    where geography in ('lad', 'lad_published', 'utla')

    union

    select
        areas.nation,
        areas.edition,
        areas.area_code,
        related.related_code as code,
        1 as preference
    from {{ ref('int_areas') }} as areas
    inner join {{ ref('int_related_areas') }} as related on areas.area_code = related.area_code

    union

    -- As published with any edition.
    select
        areas.nation,
        areas.edition,
        areas.area_code,
        others.lad_code as code,
        3 as preference
    from {{ ref('int_areas') }} as areas
    inner join {{ ref('int_related_areas') }} as related on areas.area_code = related.area_code
    inner join {{ ref('int_areas') }} as others on related.related_code = others.area_code
),

all_codes as (
    select
        nation,
        edition,
        area_code,
        code,
        preference
    from codes

    union

    select
        codes.nation,
        codes.edition,
        codes.area_code,
        authorities.code,
        codes.preference
    from codes
    inner join {{ ref('int_authority_codes') }} as authorities on codes.code = authorities.other_code
),

members as (
    select
        codes.nation,
        codes.edition,
        codes.area_code,
        -- Places of one set are places of one geography, and rank among each other.
        'custom:' || coalesce(custom.set_name, custom.name) as geography,
        custom.name as geography_code,
        custom.member,
        min(codes.preference) as preference
    from {{ ref('stg_custom_areas') }} as custom
    inner join all_codes as codes on custom.member = codes.code
    group by codes.nation, codes.edition, codes.area_code, custom.set_name, custom.name, custom.member
)

-- Where a boundary has moved, an area has been in two authorities: of a set it is in today's.
select
    nation,
    edition,
    area_code,
    geography,
    geography_code,
    member
from members
qualify
    min(preference) over (partition by nation, edition, area_code, geography, geography_code)
    = min(preference) over (partition by nation, edition, area_code, geography)
