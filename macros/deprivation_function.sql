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
{%- set asked = 'cast(edition as integer)' -%}
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
select
    coalesce(indices.nation, found.nation, sectors.nation) as nation,
    coalesce(indices.edition, found.edition, sectors.edition) as edition,
    coalesce(indices.index_code, case when sectors.partial is not null then 'imd' end) as index_code,
    ['{{ indices | map(attribute='label') | join("', '") }}'][coalesce(indices.place, sectors.place)] as label,
    ['{{ indices | map(attribute='kind') | join("', '") }}'][coalesce(indices.place, sectors.place)] as kind,
    coalesce(found.postcode, format_postcode(text)) as postcode,
    case
        when sectors.partial is not null then 'sector'
        when found.postcode is null then replace(postcode_status(text), 'ok', 'not_found')
        when indices.area_code is not null
            then case when found.is_live then 'matched' else 'matched_terminated' end
        when found.country_code is null or found.nation is not null then 'no_area'
        else 'outside_coverage'
    end as match_status,
    indices.area_code,
    indices.area_name,
    indices.lad_code,
    indices.lad_name,
    indices.score,
    indices.rank,
    coalesce(indices.decile, sectors.modal_decile) as decile,
    coalesce(indices.quintile, cast(ceil(sectors.modal_decile / 2) as integer)) as quintile,
    indices.areas,
    indices.lad_rank,
    indices.lad_areas,
    sectors.partial as sector,
    sectors.modal_decile,
    sectors.modal_share,
    sectors.min_decile,
    sectors.max_decile
from (select 1 as one) as one
-- What the directory holds is found as it stands there: some postcodes ended by 2000 have formats
-- that today's rules call invalid.
left join (
    select
        postcodes.postcode,
        postcodes.is_live,
        postcodes.country_code,
        case
            {%- for nation, rows in nations %}
            when
                postcodes.country_code = '{{ rows[0].country_code }}'
                and (edition is null or {{ asked }} in ({{ rows | map(attribute='edition') | map('int') | join(', ') }}))
                then '{{ nation }}'
            {%- endfor %}
        end as nation,
        case
            {%- for nation, rows in nations %}
            when
                postcodes.country_code = '{{ rows[0].country_code }}'
                and (edition is null or {{ asked }} in ({{ rows | map(attribute='edition') | map('int') | join(', ') }}))
                then coalesce({{ asked }}, {{ rows | map(attribute='edition') | map('int') | max }})
            {%- endfor %}
        end as edition,
        case
            {%- for row in editions | sort(attribute='edition', reverse=true) %}
            when
                postcodes.country_code = '{{ row.country_code }}'
                and (edition is null or {{ asked }} = {{ row.edition | int }})
                then postcodes.{{ row.area_column }}
            {%- endfor %}
        end as area_code
    from main.postcodes as postcodes
    where postcodes.postcode_key = {{ deprivation.postcode_without_spaces('text') }}
) as found
    on true
left join (
    select
        indices.*,
        list_position(['{{ keys | join("', '") }}'], indices.nation || ' ' || indices.index_code) as place
    from main.area_indices as indices
    where edition is null or indices.edition = {{ asked }}
) as indices
    on
        found.area_code = indices.area_code
        and found.edition = indices.edition
        and found.nation = indices.nation
left join (
    select
        partials.*,
        case partials.nation
            {%- for nation, _ in nations %}
            when '{{ nation }}' then {{ keys.index(nation ~ ' imd') + 1 }}
            {%- endfor %}
        end as place
    from main.partial_postcodes as partials
    where
        partials.level = 'sector'
        and partials.partial = regexp_replace(postcode_key(text), '^(.+)(.)..$', '\1 \2')
        and (edition is null or partials.edition = {{ asked }})
    order by partials.edition desc, partials.modal_share desc, partials.nation
    limit 1
) as sectors
    on found.postcode is null
where
    edition is null
    or {{ asked }} in ({{ years }})
    or error('edition ' || edition || ' is not in this file; it holds {{ held | join('; ') }}')
order by indices.place;
{%- endmacro %}
