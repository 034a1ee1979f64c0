with
people as (
    select
        person,
        postcode,
        {{ deprivation.postcode_key('postcode') }} as postcode_key,
        {{ deprivation.postcode_status('postcode') }} as postcode_status
    from {{ ref('people') }}
)

select
    people.person,
    people.postcode_key,
    people.postcode_status,
    imd.imd_decile
from people
left join {{ ref('deprivation', 'postcode_imd') }} as imd
    on
        people.postcode_key = imd.postcode_key
        and imd.nation = 'England'
        and imd.edition = 2019
