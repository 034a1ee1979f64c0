select
    scheme,
    postcode,
    postcode_key,
    value,
    valid_from,
    valid_to
from {{ ref('int_postcode_uplifts') }}
order by
    scheme,
    valid_from,
    postcode_key
