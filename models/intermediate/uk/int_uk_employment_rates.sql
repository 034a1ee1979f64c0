-- Employment-deprived people in percent of those of working age: in Northern Ireland's own file, in
-- England's as the score of the domain (a share), in a file beside the edition's elsewhere.
select
    areas.nation,
    areas.edition,
    areas.area_code,
    areas.employment_rate
from {{ ref('int_areas') }} as areas
where areas.employment_rate is not null

union all

select
    nation,
    edition,
    area_code,
    100 * published_score as employment_rate
from {{ ref('int_index_ranks') }}
where nation = 'England' and index_code = 'employment' and published_score is not null

union all

select
    editions.nation,
    editions.edition,
    supplied.area_code,
    max(supplied.value) as employment_rate
from {{ ref('stg_measure_values') }} as supplied
inner join {{ ref('int_built_editions') }} as editions
    on supplied.source = editions.nation || ' ' || editions.edition || ' indicators'
where supplied.measure = 'employment_rate' and supplied.value is not null
group by editions.nation, editions.edition, supplied.area_code
