-- Postcodes of every kind: of each country, live and ended, in an area and in none, and other texts.
with
directory as (
    select
        postcode,
        row_number() over (
            partition by country_code, is_live, lsoa_2011_code is null
            order by postcode_key
        ) as place
    from {{ ref('deprivation', 'postcodes') }}
),

written as (
    select postcode
    from directory
    where place <= 2
    union all
    select lower(replace(postcode, ' ', '  ')) as postcode
    from directory
    where place = 3
    union all
    select postcode from {{ ref('people') }}
    {%- for text in ['M1', 'B1 1', 'B1 1ZZ', 'ZZ99 3VZ', 'NG16 9ZZ', 'unknown', 'unknown'] %}
    union all
    select '{{ text }}' as postcode
    {%- endfor %}
)

select
    row_number() over (order by postcode) as visit,
    postcode,
    date '2014-06-30' + interval (row_number() over (order by postcode) % 12) year as seen
from written
