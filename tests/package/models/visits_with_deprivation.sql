select *
from (
    {{ deprivation.enriched(
        ref('visits'), 'postcode', date_column='seen', local=['lad'], fallback='sector', prefix='d_'
    ) }}
) as enriched
