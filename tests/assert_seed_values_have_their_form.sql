{#- Of what staging reads: `deprivation stage` runs it before Spark sees anything. -#}
{{ config(enabled=target.type == 'duckdb') }}
-- If this fails, a value of a seed is misspelt so that nothing can match it. Each row names it.
{%- set ons_code = '[EWSN][0-9]{8}' %}
{%- set forms = [
    ('authority_codes', 'code', ons_code),
    ('authority_codes', 'same_as', ons_code ~ '|[0-9]{2}[A-Z]{2}'),
    ('postcode_areas', 'postcode_area', '[A-Z]{1,2}'),
    ('published_editions', 'area_type', '(LSOA|SOA|data zone) 20[0-9]{2}'),
    ('published_editions', 'decile_bounds', '[0-9]+( [0-9]+){8}'),
    ('published_summaries', 'lad_code', ons_code),
] %}
{%- for seed, column, form in forms %}
select
    '{{ seed }}' as seed,
    '{{ column }}' as column_name,
    {{ column }} as value
from {{ ref(seed) }}
where not regexp_full_match({{ column }}, '{{ form }}')
{{ 'union all' if not loop.last }}
{% endfor -%}
