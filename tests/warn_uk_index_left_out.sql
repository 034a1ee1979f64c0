{{ config(severity='warn') }}
-- An anchor without all four nations has no rows in uk_index: what is missing is named here.
with
anchors as (
    {%- for anchor in uk_index_anchors() %}
    select
        {{ literal(anchor.name) }} as anchor,
        {{ literal(anchor.nation) }} as anchor_nation,
        {{ anchor.edition }} as anchor_edition
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        '' as anchor,
        '' as anchor_nation,
        0 as anchor_edition
    where false
    {%- endfor %}
),

nations as (
    select distinct nation
    from {{ ref('published_editions') }}
)

select
    anchors.anchor,
    nations.nation,
    case
        when nations.nation = anchors.anchor_nation then 'edition ' || anchors.anchor_edition
        else 'every edition'
    end || ' lacks a score or an employment rate of its areas, or is not built' as problem
from anchors
cross join nations
left join {{ ref('int_uk_anchors') }} as found
    on anchors.anchor = found.anchor and nations.nation = found.nation
where found.nation is null
order by anchors.anchor, nations.nation
