{{ config(materialized='table') }}

-- The figures that each edition publishes of an area and index, with N and the place of ties. A
-- score is that of the edition's file, or of the one beside it.
with
published as (
    select
        nation,
        edition,
        area_code,
        index_code,
        {% for measure in index_measures() -%}
        max(case when measure = '{{ measure }}' then number_value end) as {{ measure }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('stg_published_values') }}
    where index_code is not null
    group by nation, edition, area_code, index_code
),

-- N is counted: the areas that the edition ranks. Null for an index that the file leaves blank.
counted as (
    select
        nation,
        edition,
        index_code,
        nullif(count(rank), 0) as areas
    from published
    group by nation, edition, index_code
),

-- Tied areas share the mean of their positions. As ranks, Scotland publishes that mean already, the
-- others the first of the positions.
ranks as (
    select
        nation,
        edition,
        index_code,
        rank,
        count(*) as tied
    from published
    where rank is not null
    group by nation, edition, index_code, rank
),

ties as (
    select
        nation,
        edition,
        index_code,
        rank,
        sum(tied) over (partition by nation, edition, index_code order by rank)
        - (tied - 1) / 2.0 as mean_rank
    from ranks
    qualify tied > 1
)

select
    published.nation,
    published.edition,
    published.area_code,
    published.index_code,
    coalesce(published.score, supplied.score) as published_score,
    published.rank,
    cast(coalesce(ties.mean_rank, published.rank) as double) as mean_rank,
    counted.areas,
    cast(published.decile as integer) as published_decile,
    cast(published.quintile as integer) as published_quintile,
    cast(published.quartile as integer) as published_quartile,
    cast(published.vigintile as integer) as published_vigintile
from published
inner join counted
    on
        published.nation = counted.nation
        and published.edition = counted.edition
        and published.index_code = counted.index_code
left join ties
    on
        published.nation = ties.nation
        and published.edition = ties.edition
        and published.index_code = ties.index_code
        and published.rank = ties.rank
left join {{ ref('int_supplied_scores') }} as supplied
    on
        published.nation = supplied.nation
        and published.edition = supplied.edition
        and published.area_code = supplied.area_code
        and published.index_code = supplied.index_code
