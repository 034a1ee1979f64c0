-- If this fails, ties are counted wrong, and so are the scores and summaries made of them: however
-- the publisher ranks ties, the places of an index add up to 1 + 2 + ... + N.
select
    nation,
    edition,
    index_code,
    count(mean_rank) as areas,
    sum(mean_rank) as places
from {{ ref('int_area_indices') }}
group by nation, edition, index_code
having abs(sum(mean_rank) - count(mean_rank) * (count(mean_rank) + 1) / 2.0) > 0.001
