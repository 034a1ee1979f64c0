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
        count(postcodes.country_code) as expected,
        coalesce(max(imd.found), 0) as found
    from {{ ref('int_built_editions') }} as editions
    left join {{ ref('int_postcodes') }} as postcodes
        on editions.country_code = postcodes.country_code
    left join imd
        on editions.nation = imd.nation and editions.edition = imd.edition
    group by editions.nation, editions.edition
)

select *
from counts
where expected <> found
