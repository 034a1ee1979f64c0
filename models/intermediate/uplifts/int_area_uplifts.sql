-- The band of each scheme that an area falls into.
with
measured as (
    select
        bands.*,
        areas.area_code,
        case bands.basis
            when 'rank_percent' then 100 * areas.rank / areas.areas
            when 'decile' then areas.decile
            when 'score' then areas.score
        end as basis_value
    from {{ ref('uplift_bands') }} as bands
    inner join {{ ref('int_area_indices') }} as areas
        on
            bands.nation = areas.nation
            and bands.edition = areas.edition
            and bands.index_code = areas.index_code
),

rounded as (
    select
        *,
        case rounding
            when 'down' then floor(basis_value)
            when 'up' then ceil(basis_value)
            else basis_value
        end as rounded_value
    from measured
)

select
    scheme,
    nation,
    edition,
    area_code,
    value,
    valid_from,
    valid_to
from rounded
where
    rounded_value <= upper
    -- Whole numbers from lower to upper, both included; else everything above lower, up to upper.
    and (rounded_value > lower or (rounded_value = lower and (rounding <> 'none' or basis = 'decile')))
