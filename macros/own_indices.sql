{% macro own_indices_file() -%}
{#- The CSV file of indices with weights of one's own: the one that the variable names, or the seed. -#}
{%- if var('own_indices') -%}
    {{ return(var('own_indices')) }}
{%- elif execute -%}
    {{ return(graph.nodes['seed.deprivation.indices'].root_path ~ '/seeds/own_indices.csv') }}
{%- endif -%}
{%- endmacro %}


{% macro own_domains_left_blank() -%}
{#-
    The domains that an index of one's own needs and the file of a built edition leaves blank.
    is_shipped: whether the row came with this project, so that nobody has asked for it.
-#}
{%- set shipped = [
    'official', 'imd_without_health', 'imd_without_income', 'imd_without_crime', 'equal_weights',
] %}
select
    weights.name,
    weights.nation,
    weights.edition,
    weights.index_code,
    {{ 'false' if var('own_indices') else "weights.name in ('" ~ shipped | join("', '") ~ "')" }} as is_shipped
from {{ ref('stg_own_indices') }} as weights
inner join {{ ref('int_built_editions') }} as editions
    on weights.nation = editions.nation and weights.edition = editions.edition
inner join {{ ref('indices') }} as indices
    on
        weights.nation = indices.nation
        and weights.edition = indices.edition
        and weights.index_code = indices.index_code
        and indices.kind = 'domain'
left join (
    select distinct
        nation,
        edition,
        index_code
    from {{ ref('int_index_ranks') }}
    where rank is not null
) as ranked
    on
        weights.nation = ranked.nation
        and weights.edition = ranked.edition
        and weights.index_code = ranked.index_code
where ranked.index_code is null
{%- endmacro %}
