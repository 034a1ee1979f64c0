{#- What `enriched` is made of. -#}

{% macro codes_asked(codes) -%}
    {#- Each code once, in lower case, of a list or of a text with commas. -#}
    {%- set listed = codes.split(',') if codes is string else codes or [] -%}
    {{ return(listed | map('trim') | map('lower') | unique | list) }}
{%- endmacro %}


{% macro added_columns(asked, has_dates, is_dated, date, indices, places, fallback) -%}
    {#- SQL by name of the columns that `enriched` adds, but for the two statuses and is_synthetic. -#}
    {%- set added = {} -%}
    {%- if has_dates -%}
        {%- set year = 'case when ' ~ is_dated ~ ' then cast(extract(year from ' ~ date ~ ') as integer) end' -%}
        {%- do added.update({'edition_asked': 'coalesce(' ~ year ~ ', ' ~ (asked.year or 'null') ~ ')'}) -%}
    {%- elif asked.is_nearest -%}
        {%- do added.update({'edition_asked': asked.year}) -%}
    {%- endif -%}
    {%- do added.update({
        'edition': 'coalesce(areas.edition, sectors.edition)' if fallback else 'areas.edition',
        'area_code': 'areas.area_code',
    }) -%}
    {%- for index in indices -%}
        {%- for measure in ['score', 'rank', 'decile', 'quintile'] -%}
            {%- set name = deprivation.as_column(index) ~ '_' ~ measure -%}
            {%- set column = 'areas.' ~ deprivation.column_name(name) -%}
            {%- if fallback and index == 'imd' and measure in ('decile', 'quintile') -%}
                {%- set column = 'coalesce(' ~ column ~ ', sectors.modal_' ~ measure ~ ')' -%}
            {%- endif -%}
            {%- do added.update({name: column}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for place in places -%}
        {%- set alias, geography = 'places_' ~ loop.index, deprivation.as_column(place) -%}
        {%- do added.update({geography ~ '_code': alias ~ '.code', geography ~ '_name': alias ~ '.name'}) -%}
        {%- for index in indices -%}
            {%- set index = deprivation.as_column(index) -%}
            {%- for measure in deprivation.local_measures() -%}
                {%- set column = alias ~ '.' ~ deprivation.column_name(index ~ '_' ~ measure) -%}
                {%- do added.update({index ~ '_' ~ geography ~ '_' ~ measure: column}) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if fallback -%}
        {%- for measure in ['modal_share', 'min_decile', 'max_decile'] -%}
            {%- do added.update({'sector_' ~ measure: 'sectors.' ~ measure}) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(added) }}
{%- endmacro %}


{% macro lacking(tables, asked, indices, places) -%}
    {#-
        A CTE `lacking`, one row of is_held: true, or an error that names what was asked for and is
        not in the tables, which would otherwise be columns of nulls.
    -#}
    {%- set looked_for = {} -%}
    {%- if asked.year and not asked.is_nearest -%}
        {%- do looked_for.update({'edition ' ~ asked.year: tables.editions ~ ' where edition = ' ~ asked.year}) -%}
    {%- endif -%}
    {%- for index in indices -%}
        {%- set is_index = 'lower(index_code) = ' ~ deprivation.text_literal(index) -%}
        {%- do looked_for.update({'index ' ~ index: tables.area_indices ~ ' where ' ~ is_index}) -%}
        {%- for place in places -%}
            {%- set is_place = 'lower(geography) = ' ~ deprivation.text_literal(place) -%}
            {%- do looked_for.update({
                'index ' ~ index ~ ' ranked within geography ' ~ place:
                    tables.local_quantiles ~ ' where ' ~ is_place ~ ' and ' ~ is_index
            }) -%}
        {%- endfor -%}
    {%- endfor -%}
lacking as (
    select
        case
            when name is null then true
            else {{ deprivation.stop("'enriched: ' || name || ' is not in the published tables'") }}
        end as is_held
    from (
        select
            case
                {%- for name, there in looked_for.items() %}
                when (select 1 from {{ there }} limit 1) is null then {{ deprivation.text_literal(name) }}
                {%- endfor %}
                when false then ''
            end as name
    ) as first_of_them
)
{%- endmacro %}


{% macro answering_sectors(partial_postcodes) -%}
    {#- A CTE `sectors` of the chosen editions. -#}
-- On a border, the nation in which more of the sector's postcodes are.
sectors as (
    select *
    from (
        select
            replace(partials.partial, ' ', '') as sector_key,
            chosen.first_year,
            chosen.last_year,
            chosen.is_for_undated,
            partials.edition,
            partials.modal_decile,
            partials.modal_quintile,
            partials.modal_share,
            partials.min_decile,
            partials.max_decile,
            dense_rank() over (
                partition by partials.partial, chosen.is_for_undated
                order by partials.nation_postcodes desc, partials.nation
            ) as place_of_nation
        from {{ partial_postcodes }} as partials
        inner join chosen
            on partials.nation = chosen.nation and partials.edition = chosen.edition
        where partials.level = 'sector'
    ) as ranked
    where place_of_nation = 1
)
{%- endmacro %}


{% macro asked_edition(edition) -%}
    {#- {year, is_nearest} of 2019, 'nearest:2019' or none. -#}
    {%- set text = (edition or '') | string -%}
    {%- set year = text.replace('nearest:', '') -%}
    {%- if edition is not none and not (year.isdigit() and year | length == 4) -%}
        {{ exceptions.raise_compiler_error("enriched: edition is a year or 'nearest:2019', not " ~ edition) }}
    {%- endif -%}
    {{ return({'year': year | int if year else none, 'is_nearest': text.startswith('nearest:')}) }}
{%- endmacro %}


{% macro published_tables() -%}
    {{ return({
        'editions': ref('deprivation', 'editions'),
        'postcodes': ref('deprivation', 'postcodes'),
        'area_indices': ref('deprivation', 'area_indices'),
        'local_quantiles': ref('deprivation', 'local_quantiles'),
        'partial_postcodes': ref('deprivation', 'partial_postcodes'),
        'sources': ref('deprivation', 'sources'),
    }) }}
{%- endmacro %}


{% macro local_measures() -%}
    {#- Columns of an enriched relation for a place -> columns of local_quantiles. -#}
    {{ return({
        'areas': 'local_areas', 'rank': 'local_rank', 'decile': 'ntile_10', 'quintile': 'ntile_5',
        'decile_ohid': 'ohid_10', 'quintile_ohid': 'ohid_5',
    }) }}
{%- endmacro %}


{% macro as_column(code) -%}
    {#- A code as part of a column's name: custom:north -> custom_north. -#}
    {{ return(modules.re.sub('\\W', '_', code | lower)) }}
{%- endmacro %}


{% macro chosen_editions(editions, asked, is_dated) -%}
    {#-
        A CTE `chosen`: an edition of each nation, for the years from first_year to last_year; for
        records without a date where is_for_undated. Of two equally near, the older.
    -#}
chosen as (
    {%- if is_dated %}
    select
        nation,
        edition,
        country_code,
        area_column,
        coalesce(
            cast(floor((lag(edition) over (partition by nation order by edition) + edition) / 2.0) as integer) + 1, 0
        ) as first_year,
        coalesce(
            cast(floor((lead(edition) over (partition by nation order by edition) + edition) / 2.0) as integer), 9999
        ) as last_year,
        false as is_for_undated
    from {{ editions }}
    {%- if asked.year %}
    union all
    {%- endif %}
    {%- endif %}
    {%- if asked.year or not is_dated %}
    select
        nation,
        edition,
        country_code,
        area_column,
        0 as first_year,
        9999 as last_year,
        true as is_for_undated
    from (
        select
            *,
            row_number() over (
                partition by nation
                order by {% if asked.year %}abs(edition - {{ asked.year }}), edition{% else %}edition desc{% endif %}
            ) as place
        from {{ editions }}
    ) as ordered
    where
        place = 1
        {%- if asked.year and not asked.is_nearest %}
        and edition = {{ asked.year }}
        {%- endif %}
    {%- endif %}
)
{%- endmacro %}


{% macro in_span(alias, date, is_dated, date_column) -%}
    {#- SQL: whether a row of `chosen` is for a record's year; all are where records have no dates. -#}
    {%- if date_column -%}
    case
            when {{ is_dated }}
                then
                    not {{ alias }}.is_for_undated
                    and extract(year from {{ date }}) between {{ alias }}.first_year and {{ alias }}.last_year
            else {{ alias }}.is_for_undated
        end
    {%- else -%}
    {{ alias }}.is_for_undated
    {%- endif -%}
{%- endmacro %}


{% macro why_no_date(value) -%}
    {#- SQL: no_date, or unreadable_date of a text that is no date as date_of reads it. -#}
    case
            when coalesce(upper(trim({{ deprivation.as_text(value) }})), '') in (
                '', 'NULL', 'NONE', 'NA', 'N/A', 'NAN', 'NAT', 'UNKNOWN', 'NOT KNOWN', '-'
            )
                then 'no_date'
            else 'unreadable_date'
        end
{%- endmacro %}


{% macro sector_key(text) -%}
    {#- The sector of a postcode, or one that is given alone: M1 1, but not M11, an outcode too. -#}
    {%- set key = deprivation.postcode_without_spaces(text) -%}
    {%- set start = 'left(' ~ key ~ ', length(' ~ key ~ ') - 1)' -%}
    {#- At least one true space before the digit: an invisible character alone parts nothing. -#}
    {%- set any, space = '[' ~ deprivation.white_space() ~ ']*', '[' ~ deprivation.spaces() ~ ']' -%}
    {%- set sector_alone = '^' ~ any ~ space.replace('[', '[^', 1) ~ '+' ~ space ~ any ~ '[0-9０-９]' ~ any ~ '$' -%}
    case
            when {{ deprivation.postcode_key(text) }} is not null then left({{ key }}, length({{ key }}) - 2)
            when
                {{ deprivation.is_match(key, deprivation.partial_postcode_pattern()) }}
                and (
                    {{ deprivation.is_match(text, sector_alone) }}
                    or (
                        {{ deprivation.is_match('coalesce(' ~ start ~ ", '')", deprivation.partial_postcode_pattern()) }}
                        and not {{ deprivation.is_match(key, '^[A-Z]{1,2}[0-9]{1,2}$') }}
                    )
                )
                then {{ key }}
        end
{%- endmacro %}
