-- The published IMD score is the weighted sum of the domains' transformed ranks; one that is not
-- within 0.001 of it says that a domain or the score was misread.
select
    recomputed.nation,
    recomputed.edition,
    recomputed.area_code,
    published.score as published_score,
    recomputed.score as recomputed_score
from {{ ref('int_imd_scores') }} as recomputed
inner join {{ ref('int_area_indices') }} as published
    on
        recomputed.nation = published.nation
        and recomputed.edition = published.edition
        and recomputed.area_code = published.area_code
        and published.index_code = 'imd'
where abs(recomputed.score - published.score) > 0.001
