{#- Of what staging reads: `deprivation stage` runs it before Spark sees anything. -#}
{{ config(enabled=target.type == 'duckdb') }}
-- If this fails, a row of the directory that is no postcode (HELLO, or one in lower case without
-- its space) would be published under a key that nobody asks for, or a coordinate outside the UK
-- was misread. GIR 0AA and the NPT postcodes, ended by 2000, are allowed: older formats.
select
    file_name,
    postcode,
    latitude,
    longitude
from {{ ref('stg_ons__postcode_directory') }}
where
    not coalesce(regexp_full_match(postcode, '([A-Z]{1,2}[0-9][0-9A-Z]?|GIR|NPT) [0-9][A-Z]{2}'), false)
    or latitude not between 49 and 61
    or longitude not between -9 and 2
