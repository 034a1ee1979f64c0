-- If this fails, a published band is not what the publisher's rule makes of the rank: the file was
-- misread (a wrong column, a rank of another index, areas left out of N). Not tested: quartiles of
-- Wales 2025, whose rule is not that of the deciles.
{%- set bands = {'decile': 10, 'quintile': 5, 'quartile': 4, 'vigintile': 20} %}
select
    ranks.nation,
    ranks.edition,
    ranks.index_code,
    ranks.area_code,
    ranks.rank,
    ranks.areas,
    {%- for band in bands %}
    ranks.published_{{ band }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_index_ranks') }} as ranks
inner join {{ ref('int_built_editions') }} as editions
    on ranks.nation = editions.nation and ranks.edition = editions.edition
where
    {%- for band, k in bands.items() %}
    {{ 'or ' if not loop.first }}(
        ranks.published_{{ band }}
        <> {{ official_quantile('editions.quantile_rule', 'editions.decile_bounds', 'ranks.rank', 'ranks.areas', k) }}
        {%- if k not in (5, 10) %}
        and editions.decile_bounds is null
        {%- endif %}
    )
    {%- endfor %}
