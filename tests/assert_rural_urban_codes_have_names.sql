-- If this fails, postcodes lose the words of their rural-urban class: seeds/rural_urban_classes.csv
-- lacks the code.
{% for year in [2011, 2021] -%}
select
    'rural_urban_{{ year }}' as column_name,
    rural_urban_{{ year }} as code,
    count(*) as postcodes
from {{ ref('postcodes') }}
where rural_urban_{{ year }} is not null and rural_urban_{{ year }}_name is null
group by rural_urban_{{ year }}
{{ 'union all' if not loop.last }}
{% endfor -%}
