-- If this fails, the edition's file is damaged: a measure is blank for some of its areas. (Blank
-- for all of them is one that the file leaves out: see warn_measures_left_out.)
with
measures as (
    {% for measure in ['published_score', 'rank', 'published_decile', 'published_quintile'] %}
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
