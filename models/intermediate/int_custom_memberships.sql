-- Which areas of each edition a user's own areas hold. A member is an area's code, of any vintage
-- (of one that was split or merged, all parts or the whole), or any code that a local authority or
-- county it lies in has had: as published with any edition, or today.
with
-- The same land in another vintage: itself where the code was kept, else its parts or its whole.
related as (
    select
        area_code,
        area_code as related_code
    from {{ ref('int_areas') }}

    union

    select
        area_code,
        later_code as related_code
    from {{ ref('int_area_successors') }}

    union

    select
        later_code as area_code,
        area_code as related_code
    from {{ ref('int_area_successors') }}
),

lads_through_time as (
    select
        areas.nation,
        areas.edition,
        areas.area_code,
        others.lad_code as code
    from {{ ref('int_areas') }} as areas
    inner join related on areas.area_code = related.area_code
    inner join {{ ref('int_areas') }} as others on related.related_code = others.area_code
),

-- An authority that was only given a new code has one of 2016 to itself.
recoded as (
    select
        from_code as code,
        to_code as other_code
    from {{ ref('stg_ons__lookups') }}
    where
        from_geography = 'ltla'
        and to_geography = 'ltla'
        and to_code in (
            select to_code
            from {{ ref('stg_ons__lookups') }}
            where from_geography = 'ltla' and to_geography = 'ltla'
            group by to_code
            having count(distinct from_code) = 1
        )
    group by from_code, to_code
),

codes as (
    select
        nation,
        edition,
        area_code,
        code
    from lads_through_time

    union

    select
        places.nation,
        places.edition,
        places.area_code,
        recoded.code
    from {{ ref('int_area_geographies') }} as places
    inner join recoded on places.geography_code = recoded.other_code
    where places.geography in ('lad', 'lad_published')

    union

    select
        nation,
        edition,
        area_code,
        geography_code as code
    from {{ ref('int_area_geographies') }}
    where geography in ('lad', 'utla')

    union

    select
        areas.nation,
        areas.edition,
        areas.area_code,
        related.related_code as code
    from {{ ref('int_areas') }} as areas
    inner join related on areas.area_code = related.area_code
)

select distinct
    codes.nation,
    codes.edition,
    codes.area_code,
    'custom:' || custom.name as geography,
    custom.name as geography_code,
    custom.member
from {{ ref('stg_custom_areas') }} as custom
inner join codes on custom.member = codes.code
