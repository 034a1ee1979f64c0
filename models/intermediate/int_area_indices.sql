{{ config(materialized='table') }}

with
published as (
    select
        nation,
        edition,
        area_code,
        index_code,
        max(case when measure = 'score' then number_value end) as score,
        max(case when measure = 'rank' then number_value end) as rank,
        max(case when measure = 'decile' then number_value end) as published_decile,
        max(case when measure = 'quintile' then number_value end) as published_quintile
    from {{ ref('int_published_values') }}
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
),

named as (
    select
        published.*,
        cast(coalesce(ties.mean_rank, published.rank) as double) as mean_rank,
        areas.area_name,
        areas.lad_code,
        areas.lad_name,
        counted.areas
    from published
    inner join {{ ref('int_areas') }} as areas
        on
            published.nation = areas.nation
            and published.edition = areas.edition
            and published.area_code = areas.area_code
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
)

select
    nation,
    edition,
    area_code,
    area_name,
    index_code,
    score,
    rank,
    mean_rank,
    -- A band is the publisher's where there is one, else made by the publisher's rule.
    coalesce(
        cast(published_decile as integer),
        {{ official_quantile('nation', 'edition', 'rank', 'areas', 10) }}
    ) as decile,
    coalesce(
        cast(published_quintile as integer),
        {{ official_quantile('nation', 'edition', 'rank', 'areas', 5) }}
    ) as quintile,
    cast(published_decile as integer) as published_decile,
    cast(published_quintile as integer) as published_quintile,
    areas,
    lad_code,
    lad_name,
    -- Wales publishes names of local authorities without codes, England none in 2010.
    case
        when rank is not null and lad_name is not null
            then rank() over (partition by nation, edition, index_code, lad_name order by rank)
    end as lad_rank,
    case
        when rank is not null and lad_name is not null
            then count(*) over (partition by nation, edition, index_code, lad_name)
    end as lad_areas
from named
