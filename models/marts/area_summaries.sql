{%- set measures = [
    'average_rank', 'average_score', 'proportion_most_deprived', 'extent', 'local_concentration',
] %}
select
    summaries.nation,
    summaries.edition,
    summaries.index_code,
    summaries.geography,
    summaries.geography_code,
    names.name as geography_name,
    summaries.areas,
    summaries.population,
    {%- for measure in measures %}
    summaries.{{ measure }},
    {%- endfor %}
    {%- for measure in measures %}
    case
        when summaries.{{ measure }} is not null
            then cast(rank() over (
                partition by
                    summaries.nation, summaries.edition, summaries.index_code, summaries.geography
                -- Sums of the same figures in another order differ in the last bits.
                order by round(summaries.{{ measure }}, 9) desc nulls last
            ) as bigint)
    end as rank_of_{{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
from {{ ref('int_area_summaries') }} as summaries
left join {{ ref('int_geography_names') }} as names
    on summaries.geography_code = names.code
order by
    summaries.nation,
    summaries.edition,
    summaries.index_code,
    summaries.geography,
    summaries.geography_code
