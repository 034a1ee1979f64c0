-- If this fails, an index named in the variable local_indices is misspelt and would be left out of
-- local_quantiles.
{%- for index in var('local_indices') %}
select {{ literal(index) }} as not_an_index
where
    -- With `--empty` a ref has no rows, but for one written out.
    {{ literal(index) }} not in (select index_code from {{ ref('indices').render() }})
    and {{ literal(index) }} not in (select index_code from {{ ref('int_indices').render() }})
{{ 'union all' if not loop.last }}
{%- else %}
select 'local_indices is empty' as not_an_index
{%- endfor %}
