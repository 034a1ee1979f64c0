-- The published weights must give the published order: if not, domains are misread, or no index with
-- other weights can be believed. England 2025: every rank; England 2019: all but 30 of 32,844, whose
-- published ranks come from figures before their rounding.
select
    own.nation,
    own.edition,
    count(*) as areas,
    count(case when own.rank = published.rank then 1 end) as same_rank
from {{ ref('int_own_indices') }} as own
inner join {{ ref('int_index_ranks') }} as published
    on
        own.nation = published.nation
        and own.edition = published.edition
        and own.area_code = published.area_code
        and published.index_code = 'imd'
where own.name = 'official'
group by own.nation, own.edition
having count(case when own.rank = published.rank then 1 end) < 0.995 * count(*)
