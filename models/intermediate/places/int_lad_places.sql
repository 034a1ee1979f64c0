-- What most postcodes of a local authority are in, of the geographies made of whole authorities.
with
counted as (
    {%- for place in geographies() if place.made_of_lads %}
    select
        lad_code,
        '{{ place.geography }}' as geography,
        {{ place.column }} as geography_code,
        count(*) as postcodes
    from {{ ref('int_postcodes') }}
    where lad_code is not null and {{ place.column }} is not null
    group by all
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    lad_code,
    geography,
    geography_code
from counted
qualify row_number() over (
    partition by lad_code, geography order by postcodes desc, geography_code
) = 1
