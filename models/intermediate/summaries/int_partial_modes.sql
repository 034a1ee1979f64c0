-- The decile and the quintile that most postcodes of a sector or outcode lie in, each with their
-- number: the quintile of most need not hold the decile of most. Of two with as many, the more
-- deprived.
with
{%- for band in ['decile', 'quintile'] %}
{{ band }}_counts as (
    select
        level,
        partial,
        nation,
        edition,
        {{ band }},
        sum(postcodes) as postcodes
    from {{ ref('int_partial_parts') }}
    group by level, partial, nation, edition, {{ band }}
),

{{ band }}s as (
    select *
    from {{ band }}_counts
    qualify row_number() over (
        partition by level, partial, nation, edition
        order by postcodes desc, {{ band }}
    ) = 1
){{ ',' if not loop.last }}
{% endfor %}

select
    deciles.level,
    deciles.partial,
    deciles.nation,
    deciles.edition,
    deciles.decile as modal_decile,
    deciles.postcodes as decile_postcodes,
    quintiles.quintile as modal_quintile,
    quintiles.postcodes as quintile_postcodes
from deciles
inner join quintiles
    on
        deciles.level = quintiles.level
        and deciles.partial = quintiles.partial
        and deciles.nation = quintiles.nation
        and deciles.edition = quintiles.edition
