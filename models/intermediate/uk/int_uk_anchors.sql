-- The edition of each nation that goes with an anchor of the composite index: the anchor itself,
-- and of the other nations the edition nearest in year (of two as near, the newer). Only editions
-- that can be fitted; a nation without one is missing here.
with
anchors as (
    {%- for anchor in uk_index_anchors() %}
    select
        {{ literal(anchor.name) }} as anchor,
        {{ literal(anchor.nation) }} as nation,
        {{ anchor.edition }} as edition
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        '' as anchor,
        '' as nation,
        0 as edition
    where false
    {%- endfor %}
),

candidates as (
    select
        anchors.anchor,
        anchors.nation as anchor_nation,
        anchors.edition as anchor_edition,
        regressions.nation,
        regressions.edition,
        row_number() over (
            partition by anchors.anchor, regressions.nation
            order by abs(regressions.edition - anchors.edition), regressions.edition desc
        ) as nearness
    from anchors
    cross join {{ ref('int_uk_regressions') }} as regressions
    where
        (regressions.nation <> anchors.nation or regressions.edition = anchors.edition)
        and regressions.residual_deviation > 0
)

select
    anchor,
    anchor_nation,
    anchor_edition,
    nation,
    edition
from candidates
where nearness = 1
