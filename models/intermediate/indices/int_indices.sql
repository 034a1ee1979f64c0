-- Every index that can be named: the publishers', and own:<name> of each that is made with weights
-- of one's own. (official is the index that is there already.)
with
own as (
    select distinct
        nation,
        edition,
        name
    from {{ ref('stg_own_indices') }}
    where name <> 'official'
)

select
    nation,
    edition,
    index_code,
    index_order,
    label,
    kind,
    weight,
    population_measure
from {{ ref('indices') }}

union all

select
    nation,
    edition,
    'own:' || name as index_code,
    cast(100 + row_number() over (partition by nation, edition order by name) as integer) as index_order,
    replace(name, '_', ' ') || ' (own weights)' as label,
    'own' as kind,
    cast(null as double) as weight,
    'population' as population_measure
from own
