-- Other codes of an authority: those it had before it was only given a new one, by the lookups of
-- codes since 2016, by the Code History Database, and by the seed of those that neither holds.
with
changes as (
    select
        from_code,
        to_code
    from {{ ref('stg_ons__lookups') }}
    where from_geography = 'ltla' and to_geography = 'ltla'
    group by from_code, to_code
),

-- An authority that was only given a new code has one of 2016 to itself.
renumbered as (
    select
        min(from_code) as code,
        to_code as other_code
    from changes
    group by to_code
    having count(*) = 1
)

select
    code,
    other_code
from renumbered

union

select
    from_code as code,
    to_code as other_code
from {{ ref('stg_ons__lookups') }}
where from_geography = 'authority'

union

select
    code,
    same_as as other_code
from {{ ref('authority_codes') }}
