{%- do deprivation.stop_at_faults_of(ref('edition_supplements')) -%}
-- Populations of an edition's areas out of a file beside its own, from each source of
-- seeds/edition_supplements.csv that is there.
with
sources as (
    select distinct
        source,
        nation,
        edition,
        year
    from {{ ref('edition_supplements') }}
)

select
    sources.nation,
    sources.edition,
    sources.year,
    supplied.area_code,
    supplied.measure,
    {{ cast_or_stop(
        'supplied.value', 'double', 'supplied.source', 'supplied.area_code', 'supplied.measure'
    ) }} as value
from {{ source('inputs', 'supplement_values') }} as supplied
inner join sources
    on supplied.source = sources.source
