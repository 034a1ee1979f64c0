{#- Of what staging reads: `deprivation stage` runs it before Spark sees anything. -#}
{{ config(enabled=target.type == 'duckdb') }}
-- If this fails, a column that seeds/index_columns.csv explains did not come through staging, and
-- what is made of it is null without a word.
with
delivered as (
    select distinct
        nation,
        edition,
        index_code,
        measure
    from {{ ref('stg_published_values') }}
    where
        area_code in (
            select min(area_code)
            from {{ ref('int_areas') }}
            group by nation, edition
        )
)

select
    columns.nation,
    columns.edition,
    columns.source_column
from {{ ref('index_columns') }} as columns
inner join {{ ref('int_built_editions') }} as editions
    on columns.nation = editions.nation and columns.edition = editions.edition
left join delivered
    on
        columns.nation = delivered.nation
        and columns.edition = delivered.edition
        and columns.measure = delivered.measure
        and coalesce(columns.index_code, '') = coalesce(delivered.index_code, '')
where delivered.nation is null and columns.measure <> 'unused'
