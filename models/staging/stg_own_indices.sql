with
given as (
    select
        name,
        nation,
        edition,
        index_code,
        weight
    from read_csv(
        {{ literal(own_indices_file()) }},
        all_varchar = true, header = true, delim = ',', quote = '"', escape = '"'
    )
)

select
    trim(name) as name,
    trim(nation) as nation,
    {{ cast_or_stop('trim(edition)', 'integer', "'own indices'", "coalesce(name, '')", "'edition'") }} as edition,
    trim(index_code) as index_code,
    {{ cast_or_stop('trim(weight)', 'double', "'own indices'", "coalesce(name, '')", "'weight'") }} as weight
from given
