-- If this fails, a postcode would get two uplifts of one scheme, or none between two bands.
with
ordered as (
    select
        *,
        rounding <> 'none' or basis = 'decile' as is_whole,
        lag(upper) over (
            partition by scheme, nation, edition, index_code, basis, valid_from order by lower, upper
        ) as upper_before,
        lag(valid_to) over (
            partition by scheme, nation, edition, index_code, basis, valid_from order by lower, upper
        ) as valid_to_before
    from {{ ref('uplift_bands') }}
)

select
    scheme,
    valid_from,
    lower,
    upper,
    upper_before
from ordered
where
    lower > upper
    -- Of whole numbers, bands from 10.5 on would leave out 10.
    or (is_whole and (lower <> floor(lower) or upper <> floor(upper)))
    or lower <> upper_before + case when is_whole then 1 else 0 end
    -- Over before it begins, or ended before the other bands of its period.
    or valid_to < valid_from
    or (upper_before is not null and coalesce(valid_to <> valid_to_before, (valid_to is null) <> (valid_to_before is null)))

union all

-- Two rules of one scheme for the same days: by other indices, bases, or periods that overlap.
select
    one.scheme,
    one.valid_from,
    one.lower,
    one.upper,
    other.lower as upper_before
from {{ ref('uplift_bands') }} as one
inner join {{ ref('uplift_bands') }} as other
    on one.scheme = other.scheme and one.nation = other.nation
where
    one.valid_from <= coalesce(other.valid_to, date '9999-12-31')
    and other.valid_from <= coalesce(one.valid_to, date '9999-12-31')
    and (one.valid_from, one.edition, one.index_code, one.basis, one.rounding)
    < (other.valid_from, other.edition, other.index_code, other.basis, other.rounding)
