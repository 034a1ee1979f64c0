-- If this fails, the areas, populations or rules of area_summaries are not those of the publisher's
-- File 10. Average rank and local concentration may be off by up to 0.14 and 0.19, because the
-- publisher includes prisoners. Measures without population are null.
{% set measures = {
    'average_rank': 0.15, 'average_score': 0.00051, 'proportion_most_deprived': 0.000051,
    'extent': 0.000051, 'local_concentration': 0.2,
} %}

with
compared as (
    {% for measure, tolerance in measures.items() %}
    select
        published.nation,
        published.edition,
        published.index_code,
        published.lad_code,
        published.lad_name,
        '{{ measure }}' as measure,
        summaries.areas,
        summaries.population,
        published.{{ measure }} as published_value,
        summaries.{{ measure }} as value,
        published.rank_of_{{ measure }} as published_rank,
        summaries.rank_of_{{ measure }} as rank,
        {{ tolerance }} as tolerance
    from {{ ref('published_summaries') }} as published
    inner join {{ ref('stg_input_files') }} as files
        on published.nation || ' ' || published.edition = files.source and not files.is_synthetic
    inner join {{ ref('int_built_editions') }} as editions
        on published.nation = editions.nation and published.edition = editions.edition
    left join {{ ref('area_summaries') }} as summaries
        on
            published.nation = summaries.nation
            and published.edition = summaries.edition
            and published.index_code = summaries.index_code
            and summaries.geography = 'lad_published'
            and published.lad_code = summaries.geography_code
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select *
from compared
where
    areas is null
    or (
        (population is not null or measure = 'proportion_most_deprived')
        and (value is null or abs(value - published_value) > tolerance or rank <> published_rank)
    )
