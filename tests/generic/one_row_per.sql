{% test one_row_per(model, key) %}
-- Rows of the same key, each with the number of times it stands there.
select
    {{ key | join(', ') }},
    count(*) as times
from {{ model }}
group by {{ key | join(', ') }}
having count(*) > 1
{% endtest %}
