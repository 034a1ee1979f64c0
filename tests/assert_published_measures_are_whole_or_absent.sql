-- A measure blank for some areas and filled for others is a damaged file. (Blank for all is one
-- that the file leaves out: see the warning of warn_measures_left_out.)
with
measures as (
    {% for measure in ['score', 'rank', 'published_decile'] %}
    select
        nation,
        edition,
        index_code,
        area_code,
        '{{ measure }}' as measure,
        {{ measure }} as value
    from {{ ref('int_area_indices') }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select
    nation,
    edition,
    index_code,
    measure,
    count(*) - count(value) as blank,
    min(case when value is null then area_code end) as first_blank
from measures
group by nation, edition, index_code, measure
having count(value) not in (0, count(*))
