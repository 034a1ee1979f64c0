{#-
    Deprivation beside every row of any relation, by the rules of `deprivation enrich`, in plain SQL
    that DuckDB, Spark and PostgreSQL run. Rows are never dropped or doubled: every join is to one
    row a key. On Spark all that is joined goes to every worker, so that the relation's rows stay
    where they are and no key, however often it occurs, holds up one of them.
-#}
{% macro enriched(
    relation, postcode_column, edition=none, date_column=none, indices=['imd'], local=none,
    fallback=none, prefix='', tables=none
) -%}
{%- if fallback not in (none, 'sector') -%}
    {{ exceptions.raise_compiler_error("enriched: fallback is 'sector' or none, not " ~ fallback) }}
{%- endif -%}
{%- set asked = deprivation.asked_edition(edition) -%}
{%- set tables = tables or deprivation.published_tables() -%}
{%- set indices = deprivation.codes_asked(indices) -%}
{%- set places = deprivation.codes_asked(local) -%}
{%- set postcode = deprivation.as_text('records.' ~ deprivation.column_name(postcode_column)) -%}
{%- set key = deprivation.postcode_without_spaces(postcode) -%}
{%- set given_date = 'records.' ~ deprivation.column_name(date_column) if date_column -%}
{%- set date = deprivation.date_of(given_date) if date_column -%}
{%- set is_dated = "(" ~ date ~ " between date '1901-01-01' and date '2099-12-31')" -%}
{%- set added = deprivation.added_columns(asked, date_column is not none, is_dated, date, indices, places, fallback) -%}
{%- set ends = (['date_status'] if date_column else []) + ['match_status', 'is_synthetic'] -%}
with
-- Ambiguous where the relation has a column of the same name: then `prefix` is needed.
records as (
    select given.*
    from {{ relation }} as given
    cross join lateral (
        select
            {%- for name in added.keys() | list + ends %}
            null as {{ deprivation.column_name(prefix ~ name) }}{{ ',' if not loop.last }}
            {%- endfor %}
    ) as added_columns_need_a_prefix
    where
        coalesce(
            {%- for name in added.keys() | list + ends %}
            {{ deprivation.column_name(prefix ~ name) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) is null
),

{{ deprivation.lacking(tables, asked, indices, places) }},

{{ deprivation.chosen_editions(tables.editions, asked, date_column is not none) }},

directory as (
    select
        postcode_key,
        country_code,
        is_live,
        introduced_on,
        terminated_on,
        lsoa_2001_code,
        lsoa_2011_code,
        lsoa_2021_code
    from {{ tables.postcodes }}
),

areas as (
    select
        nation,
        edition,
        area_code
        {%- for index in indices %}
        {%- for measure in ['score', 'rank', 'decile', 'quintile'] %},
        max(case when lower(index_code) = {{ deprivation.text_literal(index) }} then {{ measure }} end)
            as {{ deprivation.column_name(deprivation.as_column(index) ~ '_' ~ measure) }}
        {%- endfor %}
        {%- endfor %}
    from {{ tables.area_indices }}
    where lower(index_code) in ('imd'{% for index in indices %}, {{ deprivation.text_literal(index) }}{% endfor %})
    group by nation, edition, area_code
),
{%- for place in places %}

places_{{ loop.index }} as (
    select
        nation,
        edition,
        area_code,
        max(geography_code) as code,
        max(geography_name) as name
        {%- for index in indices %}
        {%- for name, column in deprivation.local_measures().items() %},
        max(case when lower(index_code) = {{ deprivation.text_literal(index) }} then {{ column }} end)
            as {{ deprivation.column_name(deprivation.as_column(index) ~ '_' ~ name) }}
        {%- endfor %}
        {%- endfor %}
    from {{ tables.local_quantiles }}
    where lower(geography) = {{ deprivation.text_literal(place) }}
    group by nation, edition, area_code
),
{%- endfor %}
{%- if fallback %}

{{ deprivation.answering_sectors(tables.partial_postcodes) }},
{%- endif %}

synthetic as (
    select max(case when is_synthetic then 1 else 0 end) = 1 as is_synthetic from {{ tables.sources }}
)

select {{ deprivation.broadcast(
    ['directory', 'chosen', 'areas']
    + (range(1, places | length + 1) | map('string') | map('replace', '', 'places_', 1) | list)
    + (['sectors'] if fallback else [])
) -}}
    records.*,
    {%- for name, column in added.items() %}
    {{ column }} as {{ deprivation.column_name(prefix ~ name) }},
    {%- endfor %}
    {%- if date_column %}
    case
        when {{ date }} is null then {{ deprivation.why_no_date(given_date) }}
        when not {{ is_dated }} then 'filler_date'
        when {{ date }} < directory.introduced_on then 'not_yet_introduced'
        -- The directory dates postcodes to the month: one is in use to the month's end.
        when {{ date }} >= directory.terminated_on + interval '1' month then 'terminated'
        when directory.postcode_key is not null then 'ok'
    end as {{ deprivation.column_name(prefix ~ 'date_status') }},
    {%- endif %}
    case
        {%- if date_column and not asked.year %}
        when directory.postcode_key is not null and not coalesce({{ is_dated }}, false) then 'no_edition'
        {%- endif %}
        when areas.area_code is not null and directory.is_live then 'matched'
        when areas.area_code is not null then 'matched_terminated'
        when directory.country_code is not null and chosen.nation is null then 'outside_coverage'
        when directory.postcode_key is not null then 'no_area'
        {%- if fallback %}
        when sectors.sector_key is not null then 'sector'
        {%- endif %}
        else replace({{ deprivation.postcode_status(postcode) }}, 'ok', 'not_found')
    end as {{ deprivation.column_name(prefix ~ 'match_status') }},
    (select is_synthetic from synthetic) as {{ deprivation.column_name(prefix ~ 'is_synthetic') }}
from records
left join directory
    on {{ key }} = directory.postcode_key
left join chosen
    on
        directory.country_code = chosen.country_code
        and {{ deprivation.in_span('chosen', date, is_dated, date_column) }}
left join areas
    on
        chosen.nation = areas.nation
        and chosen.edition = areas.edition
        and areas.area_code = case chosen.area_column
            when 'lsoa_2001_code' then directory.lsoa_2001_code
            when 'lsoa_2011_code' then directory.lsoa_2011_code
            when 'lsoa_2021_code' then directory.lsoa_2021_code
        end
{%- for place in places %}
left join places_{{ loop.index }}
    on
        areas.nation = places_{{ loop.index }}.nation
        and areas.edition = places_{{ loop.index }}.edition
        and areas.area_code = places_{{ loop.index }}.area_code
{%- endfor %}
{%- if fallback %}
left join sectors
    on
        directory.postcode_key is null
        and {{ deprivation.sector_key(postcode) }} = sectors.sector_key
        and {{ deprivation.in_span('sectors', date, is_dated, date_column) }}
{%- endif %}
where (select is_held from lacking)
{%- endmacro %}
