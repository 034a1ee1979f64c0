-- If this fails, the NTILE groups of a place are not of equal size, so its order or its partition
-- is wrong.
with
{% set ks = [3, 4, 5, 10, 20] %}
groups as (
    {% for k in ks %}
    select
        nation, edition, index_code, geography, geography_code,
        {{ k }} as k,
        ntile_{{ k }} as category,
        count(*) as areas
    from {{ ref('local_quantiles') }}
    group by nation, edition, index_code, geography, geography_code, ntile_{{ k }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    nation,
    edition,
    index_code,
    geography,
    geography_code,
    k,
    min(areas) as smallest,
    max(areas) as largest
from groups
group by nation, edition, index_code, geography, geography_code, k
having
    max(areas) - min(areas) > 1
    or count(*) <> least(k, sum(areas))
