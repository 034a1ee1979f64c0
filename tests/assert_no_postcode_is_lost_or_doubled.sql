-- If this fails, a join lost or doubled postcodes: as many come out as the directory holds, and per
-- edition as many as its nation has.
with
imd as (
    select
        nation,
        edition,
        count(*) as found
    from {{ ref('postcode_imd') }}
    group by nation, edition
),

nations as (
    select
        country_code,
        count(*) as expected
    from {{ ref('int_postcodes') }}
    group by country_code
),

counts as (
    select
        'postcodes' as counted,
        (select count(*) from {{ ref('int_postcodes') }}) as expected,
        (select count(*) from {{ ref('postcodes') }}) as found

    union all

    select
        'postcode_imd_wide' as counted,
        (select count(*) from {{ ref('int_postcodes') }}) as expected,
        (select count(*) from {{ ref('postcode_imd_wide') }}) as found

    union all

    select
        'postcode_imd ' || editions.nation || ' ' || editions.edition as counted,
        coalesce(nations.expected, 0) as expected,
        coalesce(imd.found, 0) as found
    from {{ ref('int_built_editions') }} as editions
    left join nations
        on editions.country_code = nations.country_code
    left join imd
        on editions.nation = imd.nation and editions.edition = imd.edition
)

select *
from counts
where expected <> found
