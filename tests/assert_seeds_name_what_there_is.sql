{#- Of what staging reads: `deprivation stage` runs it before Spark sees anything. -#}
{{ config(enabled=target.type == 'duckdb') }}
-- If this fails, a row of a seed is read by nothing, because what it is of is misspelt: an edition
-- that seeds/published_editions.csv does not have, a column that is none of the edition's or of the
-- directory's, or a form of a file without a column of area codes. Each row names the seed.
{%- set of_editions = {
    'comparability': ['older_edition', 'edition'], 'edition_layouts': ['edition'],
    'edition_supplements': ['edition'], 'indices': ['edition'], 'published_summaries': ['edition'],
} %}
-- depends_on: {{ ref('stg_ons__postcode_directory') }}
with
staged as (
    select column_name
    from duckdb_columns()
    where
        table_name = 'stg_ons__postcode_directory'
        -- Made of other columns.
        and column_name not in ('is_large_user', 'file_name')
        -- In `dbt build --empty` no seed has a row.
        and exists (select 1 from {{ ref('directory_columns') }})
)

{%- for seed, columns in of_editions.items() -%}
{%- for column in columns %}
select distinct
    '{{ seed }}' as seed,
    'no edition ' || seeds.nation || ' ' || seeds.{{ column }} as problem
from {{ ref(seed) }} as seeds
left join {{ ref('published_editions') }} as editions
    on seeds.nation = editions.nation and seeds.{{ column }} = editions.edition
where editions.nation is null

union all
{% endfor -%}
{% endfor %}
select distinct
    'edition_layouts' as seed,
    'no column ' || layouts.column_name || ' of ' || layouts.nation || ' ' || layouts.edition as problem
from {{ ref('edition_layouts') }} as layouts
left join {{ ref('index_columns') }} as columns
    on
        layouts.nation = columns.nation
        and layouts.edition = columns.edition
        and layouts.column_name = columns.source_column
where layouts.source_pattern is not null and columns.source_column is null

union all

select
    'edition_layouts' as seed,
    'no area codes in ' || layouts.nation || ' ' || layouts.edition || ', ' || layouts.layout
    || ', ' || layouts.file_pattern as problem
from {{ ref('edition_layouts') }} as layouts
left join {{ ref('index_columns') }} as columns
    on
        layouts.nation = columns.nation
        and layouts.edition = columns.edition
        and layouts.column_name = columns.source_column
group by layouts.nation, layouts.edition, layouts.layout, layouts.file_pattern
having
    count(layouts.source_pattern) > 0
    and count(case when columns.measure = 'area_code' then 1 end) = 0

union all

select
    'edition_supplements' as seed,
    'no area codes in ' || source || ', ' || file_pattern as problem
from {{ ref('edition_supplements') }}
group by source, nation, edition, file_pattern
having count(case when measure = 'area_code' then 1 end) = 0

union all

select
    'directory_columns' as seed,
    coalesce(
        'no column ' || columns.canonical_column || ' in staging', 'no row of ' || staged.column_name
    ) as problem
from (
    select distinct canonical_column
    from {{ ref('directory_columns') }}
    where canonical_column is not null and canonical_column <> 'user_type'
) as columns
full join staged on columns.canonical_column = staged.column_name
where columns.canonical_column is null or staged.column_name is null
