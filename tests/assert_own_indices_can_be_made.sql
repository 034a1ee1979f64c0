-- An index of one's own that is made of less than its rows ask for would be wrong without a word:
-- each fault is named here. (An edition that is known and not built has no rows: that is no fault.
-- A domain that the file leaves blank is none of a shipped index, which nobody asked for: see
-- warn_own_indices_left_out.)
with
weights as (
    select * from {{ ref('stg_own_indices') }}
),

faults as (
    select
        name,
        nation,
        edition,
        index_code,
        'name, nation, edition, index_code or weight is empty, or the weight is negative' as problem
    from weights
    where
        coalesce(name, '') = ''
        or coalesce(nation, '') = ''
        or edition is null
        or coalesce(index_code, '') = ''
        or coalesce(weight, -1) < 0

    union all

    select
        weights.name,
        weights.nation,
        weights.edition,
        weights.index_code,
        case
            when editions.nation is null then 'there is no such edition'
            else 'no domain of this edition'
        end as problem
    from weights
    left join {{ ref('published_editions') }} as editions
        on weights.nation = editions.nation and weights.edition = editions.edition
    left join {{ ref('indices') }} as indices
        on
            weights.nation = indices.nation
            and weights.edition = indices.edition
            and weights.index_code = indices.index_code
            and indices.kind = 'domain'
    where editions.nation is null or indices.nation is null

    union all

    select
        name,
        nation,
        edition,
        index_code,
        'named ' || count(*) || ' times' as problem
    from weights
    group by name, nation, edition, index_code
    having count(*) > 1

    union all

    -- England's official weights add to 0.999.
    select
        name,
        nation,
        edition,
        cast(null as string) as index_code,
        'the weights add to ' || round(sum(weight), 6) || ', not to 1' as problem
    from weights
    group by name, nation, edition
    having round(abs(sum(weight) - 1), 9) > 0.0015

    union all

    select
        name,
        nation,
        edition,
        index_code,
        'the edition''s file leaves this domain blank' as problem
    from ({{ own_domains_left_blank() }}) as blank
    where not is_shipped
)

select *
from faults
order by name, nation, edition, index_code
