-- However the publisher ranks ties, the places that an index gives add up to 1 + 2 + ... + N.
select
    nation,
    edition,
    index_code,
    count(mean_rank) as areas,
    sum(mean_rank) as places
from {{ ref('int_area_indices') }}
group by nation, edition, index_code
having abs(sum(mean_rank) - count(mean_rank) * (count(mean_rank) + 1) / 2.0) > 0.001
