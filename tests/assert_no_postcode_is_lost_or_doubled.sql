-- As many postcodes come out as the directory holds; per edition, as many as its nation has.
with
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
        (
            select count(*)
            from {{ ref('postcode_imd') }} as imd
            where imd.nation = editions.nation and imd.edition = editions.edition
        ) as found
    from {{ ref('int_built_editions') }} as editions
    left join {{ ref('int_postcodes') }} as postcodes
        on editions.country_code = postcodes.country_code
    group by editions.nation, editions.edition
)

select *
from counts
where expected <> found
