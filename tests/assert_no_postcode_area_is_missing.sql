-- If this fails, a postcode area such as NG is missing from a directory of one file per area. It
-- can hold 0.5% of a nation's areas, too few for assert_asked_editions_reach_their_postcodes to
-- see.
with
there as (
    select distinct {{ deprivation.match_or_null('outcode', '^[A-Z]+') }} as postcode_area
    from (select distinct outcode from {{ ref('int_postcodes') }}) as outcodes
),

asked_for as (
    select distinct nation
    from {{ ref('int_built_editions') }}
    where
        {{ is_asked_for('nation', 'edition') }}
        and not {{ is_asked_for('nation', 'edition', var('allow_incomplete_editions')) }}
)

select
    expected.postcode_area,
    expected.nation,
    'no postcode of this area is in the directory; if that is meant, name the editions of '
    || expected.nation || ' in the variable allow_incomplete_editions' as problem
from {{ ref('postcode_areas') }} as expected
inner join asked_for
    on expected.nation = asked_for.nation
where
    expected.postcode_area not in (select postcode_area from there)
    -- Synthetic data has a few postcode areas only.
    and exists (
        select 1
        from {{ ref('stg_input_files') }}
        where source = 'postcode_directory' and not is_synthetic
    )
