{#-
    deprivation(text, edition), kept in the published file: one row an index for a postcode in any
    spelling; one row that says why where there is no answer. What the build holds (editions,
    labels) is written into the function: to plan more joins would cost a warm lookup more than
    to read does.
-#}

{% macro publish_deprivation_function() -%}
{%- set built = [
    ref('int_built_editions'), ref('indices'),
    ref('postcodes'), ref('area_indices'), ref('partial_postcodes')
] -%}
{%- if execute and flags.WHICH in ('run', 'build') and not flags.EMPTY -%}
{#- A run of a few models may have made no such tables yet. -#}
{%- set there = [] -%}
{%- for relation in built if load_relation(relation) -%}
    {%- do there.append(relation) -%}
{%- endfor -%}
{%- if there | length == built | length %}
{{ deprivation_function(
    editions=run_query(
        'select nation, edition, country_code, area_column from ' ~ built[0].render()
        ~ ' order by nation, edition'
    ).rows,
    indices=run_query(
        'select nation, index_code, max_by(label, edition) as label, max_by(kind, edition) as kind'
        ~ ' from ' ~ built[1].render() ~ ' group by nation, index_code order by min(rowid)'
    ).rows
) }}
{%- endif -%}
{%- endif -%}
{%- endmacro %}


{% macro deprivation_function(editions, indices) -%}
{%- set nations = editions | groupby('nation') -%}
{%- set years = editions | map(attribute='edition') | map('int') | unique | sort | join(', ') -%}
{%- set held = [] -%}
{%- for nation, rows in nations -%}
    {%- do held.append(nation ~ ' ' ~ rows | map(attribute='edition') | map('int') | join(', ')) -%}
{%- endfor -%}
{%- set keys = [] -%}
{%- for index in indices -%}
    {%- do keys.append(index.nation ~ ' ' ~ index.index_code) -%}
{%- endfor %}
create or replace macro main.deprivation(text, edition) as table
with
asked as not materialized (
    select
        edition is null
        or cast(edition as integer) in ({{ years }})
        or error('edition ' || edition || ' is not in this file; it holds {{ held | join('; ') }}')
            as is_held
),

-- What the directory holds is found as it stands there: some postcodes ended by 2000 have formats
-- that today's rules call invalid.
found as not materialized (
    select
        postcodes.postcode,
        postcodes.country_code,
        postcodes.is_live,
        case
            {%- for row in editions | reverse %}
            when
                postcodes.country_code = '{{ row.country_code }}'
                and (edition is null or cast(edition as integer) = {{ row.edition | int }})
                then {'nation': '{{ row.nation }}', 'edition': {{ row.edition | int }}, 'area_code': postcodes.{{ row.area_column }}}
            {%- endfor %}
        end as answer
    from main.postcodes as postcodes
    where postcodes.postcode_key = {{ deprivation.postcode_without_spaces('text') }}
),

sectors as not materialized (
    select partials.*
    from main.partial_postcodes as partials
    where
        partials.level = 'sector'
        and partials.partial = regexp_replace(postcode_key(text), '^(.+)(.)..$', '\1 \2')
        and (edition is null or partials.edition = cast(edition as integer))
    order by partials.edition desc, partials.modal_share desc, partials.nation
    limit 1
),

measures as not materialized (
    select indices.*
    from main.area_indices as indices
    where edition is null or indices.edition = cast(edition as integer)
),

answers as not materialized (
    select
        coalesce(found.answer.nation, sectors.nation) as nation,
        coalesce(found.answer.edition, sectors.edition) as edition,
        coalesce(measures.index_code, case when sectors.partial is not null then 'imd' end) as index_code,
        coalesce(found.postcode, format_postcode(text)) as postcode,
        case
            when sectors.partial is not null then 'sector'
            when found.postcode is null
                then case postcode_status(text) when 'ok' then 'not_found' else postcode_status(text) end
            when found.country_code is null then 'no_area'
            when found.answer is null then 'outside_coverage'
            when measures.area_code is null then 'no_area'
            when found.is_live then 'matched'
            else 'matched_terminated'
        end as match_status,
        measures.* exclude (nation, edition, index_code, decile, quintile),
        coalesce(measures.decile, sectors.modal_decile) as decile,
        coalesce(measures.quintile, cast(ceil(sectors.modal_decile / 2) as integer)) as quintile,
        sectors.partial as sector,
        sectors.modal_decile,
        sectors.modal_share,
        sectors.min_decile,
        sectors.max_decile
    from asked
    left join found
        on asked.is_held
    left join sectors
        on found.postcode is null
    left join measures
        on
            found.answer.area_code = measures.area_code
            and found.answer.edition = measures.edition
            and found.answer.nation = measures.nation
),

placed as not materialized (
    select
        answers.*,
        list_position(['{{ keys | join("', '") }}'], answers.nation || ' ' || answers.index_code) as place
    from answers
)

select
    placed.nation,
    placed.edition,
    placed.index_code,
    ['{{ indices | map(attribute='label') | join("', '") }}'][placed.place] as label,
    ['{{ indices | map(attribute='kind') | join("', '") }}'][placed.place] as kind,
    placed.postcode,
    placed.match_status,
    placed.area_code,
    placed.area_name,
    placed.lad_code,
    placed.lad_name,
    placed.score,
    placed.rank,
    placed.decile,
    placed.quintile,
    placed.areas,
    placed.lad_rank,
    placed.lad_areas,
    placed.sector,
    placed.modal_decile,
    placed.modal_share,
    placed.min_decile,
    placed.max_decile
from placed
order by placed.place;
{%- endmacro %}
