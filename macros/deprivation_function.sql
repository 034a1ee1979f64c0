{#-
    deprivation(text [, edition]), kept in the published file: one row an index for a postcode in
    any spelling; one row that says why where there is no answer. DuckDB looks for the tables that a
    function names in the current database, not in the function's own file. So file_check() stands
    first: where the current database is none of ours its name is the error, and where it is another
    published file its build differs. A lookup is planned anew each time,
    and that takes longer than to read: each expression costs 0.02 ms, each regular expression
    0.1 ms, each join 0.5 ms. So what the build holds (editions, labels) is written into the
    function, and it names no column twice that it can name once.

    deprivation_many(texts [, edition]) answers a list of them by one query, by the same rules.
-#}

{% macro publish_deprivation_function() -%}
{%- set built = [
    ref('int_built_editions'), ref('indices'),
    ref('postcodes'), ref('area_indices'), ref('partial_postcodes'), ref('sources')
] -%}
{%- if execute and flags.WHICH in ('run', 'build') and not flags.EMPTY -%}
{#- A run of a few models may have made no such tables yet, or take them from elsewhere (--defer). -#}
{%- set there = [] -%}
{%- for relation in built
    if relation.database in (target.database, built[0].database) and load_relation(relation) -%}
    {%- do there.append(relation) -%}
{%- endfor -%}
{%- if there | length == built | length %}
{{ deprivation_function(
    editions=run_query(
        'select nation, edition, country_code, area_column from ' ~ built[0].render()
        ~ ' order by nation, edition'
    ).rows,
    overall=run_query(
        'select distinct nation, index_code, label, kind from ' ~ built[1].render()
        ~ " where index_code = 'imd' order by nation"
    ).rows,
    is_synthetic=run_query(
        'select coalesce(bool_or(is_synthetic), false) from ' ~ built[5].render()
    ).rows[0][0],
    build=invocation_id
) }}
{%- endif -%}
{%- endif -%}
{%- endmacro %}


{% macro file_check() -%}
main."deprivation() reads the current database: say `use dep` (the name of the attached file) first"()
{%- endmacro %}


{% macro deprivation_function(editions, overall, is_synthetic, build) -%}
create or replace macro {{ deprivation.file_check() }} as table select '{{ build }}' as build;
create or replace macro main.deprivation(text) as table (
{{ deprivation.deprivation_answer(editions, overall, is_synthetic, build, 'null') }}
), (text, edition) as table (
{{ deprivation.deprivation_answer(editions, overall, is_synthetic, build, 'edition') }}
);
create or replace macro main.deprivation_many(texts) as table (
{{ deprivation.deprivation_answer(editions, overall, is_synthetic, build, 'null', many=true) }}
), (texts, edition) as table (
{{ deprivation.deprivation_answer(editions, overall, is_synthetic, build, 'edition', many=true) }}
);
{%- endmacro %}


{#- The texts asked for, each with its key; of many, with their place in the list. -#}
{% macro deprivation_asked(build, key, sector, many) -%}
    select
        *,
        {%- if many %}
        {{ sector }} as sector,
        {%- endif %}
        regexp_matches(key, '{{ deprivation.postcode_pattern() }}') as is_valid
    from (
        select
            {%- if many %}
            *,
            {%- endif %}
            {{ key }} as key
        from {% if many %}(
            select
                unnest(range(1, length(given.list) + 1)) as position,
                unnest(given.list) as text,
                file.build
            from given
            cross join {{ deprivation.file_check() }} as file
        ){% else %}{{ deprivation.file_check() }}{% endif %} as file
        where
            file.build = '{{ build }}'
            or error('deprivation() is of another file than the current database: say `use dep`, the name under which its file is attached')
    ) as spelt
{%- endmacro %}


{% macro deprivation_answer(editions, overall, is_synthetic, build, edition, many=false) -%}
{%- set nations = editions | groupby('nation') -%}
{%- set asked_edition = 'cast(' ~ edition ~ ' as integer)' -%}
{%- set years = editions | map(attribute='edition') | map('int') | unique | sort | join(', ') -%}
{%- set held = [] -%}
{%- for nation, rows in nations -%}
    {%- do held.append(nation ~ ' ' ~ rows | map(attribute='edition') | map('int') | join(', ')) -%}
{%- endfor -%}
{#- By area column, the editions that go by it: E92000001 2015, E92000001 2019, ... -#}
{%- set held_by_column = {} -%}
{%- for row in editions -%}
    {%- do held_by_column.setdefault(row.area_column, []).append(row.country_code ~ ' ' ~ row.edition | int) -%}
{%- endfor -%}
{%- set key = deprivation.postcode_without_spaces('text') -%}
{%- set sector = "regexp_replace(" ~ ('key' if many else key) ~ ", '^(.+)(.)..$', '\\1 \\2')" -%}
{%- if many %}
with
-- Materialized: a list written out or given as a parameter would be planned once for each mention.
given as materialized (select texts as list),

asked as materialized (
{{ deprivation.deprivation_asked(build, key, sector, many) }}
)

{% endif -%}
select
    {%- if many %}
    asked.position,
    asked.text as asked,
    {%- endif %}
    coalesce(found.nation, sectors.nation) as nation,
    coalesce(case when found.nation is not null then found.year end, sectors.edition) as edition,
    coalesce(indices.index_code, case when sectors.partial is not null then 'imd' end) as index_code,
    coalesce(
        indices.label,
        case sectors.nation
            {%- for index in overall %}
            when '{{ index.nation }}' then '{{ index.label }}'
            {%- endfor %}
        end
    ) as label,
    coalesce(indices.kind, case when sectors.partial is not null then '{{ overall[0].kind }}' end) as kind,
    case
        when found.is_live is not null or asked.is_valid
            then left(asked.key, -3) || ' ' || right(asked.key, 3)
    end as postcode,
    case
        when indices.area_code is not null
            then case when found.is_live then 'matched' else 'matched_terminated' end
        when found.is_live is not null
            then case when found.country_code is null or found.nation is not null then 'no_area' else 'outside_coverage' end
        when sectors.partial is not null then 'sector'
        when asked.is_valid then 'not_found'
        when {{ deprivation.is_no_postcode_given('asked.key') }} then 'missing'
        when regexp_matches(asked.key, '{{ deprivation.pseudo_postcode_pattern() }}') then 'pseudo'
        when regexp_matches(asked.key, '{{ deprivation.partial_postcode_pattern() }}') then 'partial'
        else 'invalid'
    end as match_status,
    indices.area_code,
    indices.area_name,
    indices.lad_code,
    indices.lad_name,
    indices.score,
    indices.rank,
    coalesce(indices.decile, sectors.modal_decile) as decile,
    coalesce(indices.quintile, sectors.modal_quintile) as quintile,
    indices.areas,
    indices.lad_rank,
    indices.lad_areas,
    sectors.partial as sector,
    sectors.modal_decile,
    sectors.modal_share,
    sectors.min_decile,
    sectors.max_decile,
    {{ is_synthetic | lower }} as is_synthetic
from {% if many %}asked{% else %}(
{{ deprivation.deprivation_asked(build, key, sector, many) }}
) as asked{% endif %}
-- What the directory holds is found as it stands there: some postcodes ended by 2000 have formats
-- that today's rules call invalid. The sector, of few values, is read faster than the key: it
-- leaves little of the key to read. The areas are joined to it before the text is: where nothing is
-- found, they are not read at all.
left join (
    (
        select
            {%- if many %}
            postcode_key,
            {%- endif %}
            is_live,
            country_code,
            year,
            case
                when contains('{{ held_by_column.values() | map('join', ', ') | join(', ') }}', held)
                    then case country_code
                        {%- for nation, rows in nations %}
                        when '{{ rows[0].country_code }}' then '{{ nation }}'
                        {%- endfor %}
                    end
            end as nation,
            case
                {%- for column, names in held_by_column.items() %}
                when contains('{{ names | join(', ') }}', held) then {{ column }}
                {%- endfor %}
            end as area_code
        from (
            select
                *,
                country_code || ' ' || year as held
            from (
                select
                    {%- if many %}
                    postcode_key,
                    {%- endif %}
                    is_live,
                    country_code,
                    {{ held_by_column | join(',\n                ') }},
                    coalesce(
                        {{ asked_edition }},
                        case country_code
                            {%- for nation, rows in nations %}
                            when '{{ rows[0].country_code }}' then {{ rows | map(attribute='edition') | map('int') | max }}
                            {%- endfor %}
                        end
                    ) as year
                from main.postcodes as postcodes
                where
                    {%- if many %}
                    postcodes.postcode_key in (select asked.key from asked)
                    {%- else %}
                    postcodes.sector = {{ sector }}
                    and postcodes.postcode_key = {{ key }}
                    {%- endif %}
            ) as directory
        ) as directory
    ) as found
    left join (
        select *
        from main.area_indices as indices
        where {{ edition }} is null or indices.edition = {{ asked_edition }}
    ) as indices
        on
            found.area_code = indices.area_code
            and found.year = indices.edition
            -- The directory has postcodes over the border from their area.
            and found.nation = indices.nation
)
    on {{ 'asked.key = found.postcode_key' if many else 'true' }}
left join (
    select *
    from main.partial_postcodes as partials
    where
        partials.level = 'sector'
        {%- if not many %}
        and partials.partial = {{ sector }}
        and regexp_matches({{ key }}, '{{ deprivation.postcode_pattern() }}')
        {%- endif %}
        and partials.is_main_nation
        and case when {{ edition }} is null then partials.is_newest else partials.edition = {{ asked_edition }} end
) as sectors
    {%- if many %}
    -- One equation: DuckDB would compare each row with each sector for a condition beside it.
    on case when found.is_live is null and asked.is_valid then asked.sector end = sectors.partial
    {%- else %}
    on found.is_live is null
    {%- endif %}
where
    {{ edition }} is null
    or {{ asked_edition }} in ({{ years }})
    or error('edition ' || {{ edition }} || ' is not in this file; it holds {{ held | join('; ') }}')
order by {{ 'asked.position, ' if many }}indices.index_order
{%- endmacro %}
