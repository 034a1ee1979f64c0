-- How many postcodes a sector or outcode has, in all and in each nation that has editions.
with
directory as (
    select
        'sector' as level,
        sector as partial,
        country_code,
        is_live
    from {{ ref('int_postcodes') }}

    union all

    select
        'outcode' as level,
        outcode as partial,
        country_code,
        is_live
    from {{ ref('int_postcodes') }}
),

partials as (
    select
        level,
        partial,
        count(*) as postcodes,
        count(case when is_live then 1 end) as live_postcodes,
        min(country_code) < max(country_code) as is_on_a_border
    from directory
    group by level, partial
),

nations as (
    select distinct
        nation,
        country_code
    from {{ ref('int_built_editions') }}
)

select
    directory.level,
    directory.partial,
    nations.nation,
    count(*) as nation_postcodes,
    max(partials.postcodes) as postcodes,
    max(partials.live_postcodes) as live_postcodes,
    coalesce(bool_or(partials.is_on_a_border), false) as is_on_a_border
from directory
inner join nations on directory.country_code = nations.country_code
inner join partials
    on directory.level = partials.level and directory.partial = partials.partial
group by directory.level, directory.partial, nations.nation
