-- If this fails, a published column is null because its measure is misspelt: each row of
-- seeds/index_columns.csv is read by a model or says `unused`, and its edition and index have rows
-- of their own.
{%- set of_indices = index_measures() %}
{%- set of_areas = ['area_code'] + area_texts() + area_numbers() %}
{%- set texts = ['area_code', 'unused'] + area_texts() %}
select
    columns.nation,
    columns.edition,
    columns.source_column,
    columns.index_code,
    columns.measure
from {{ ref('index_columns') }} as columns
left join {{ ref('published_editions') }} as editions
    on columns.nation = editions.nation and columns.edition = editions.edition
left join {{ ref('indices') }} as indices
    on
        columns.nation = indices.nation
        and columns.edition = indices.edition
        and columns.index_code = indices.index_code
where
    editions.nation is null
    or (columns.index_code is not null and indices.index_code is null)
    or case
        when columns.measure = 'unused' then columns.index_code is not null
        when columns.index_code is not null
            then columns.measure not in ('{{ of_indices | join("', '") }}')
        else columns.measure not in ('{{ of_areas | join("', '") }}')
    end
    or columns.is_text <> (columns.measure in ('{{ texts | join("', '") }}'))
