{% test always_filled(model, columns) %}
-- Columns without a value in some row, each with the number of those rows. One test of a whole
-- table: a test of each column costs more to start than to run.
{% for column in columns %}
    select
        '{{ column }}' as column_name,
        count(*) as times
    from {{ model }}
    where {{ column }} is null
    having count(*) > 0
    {{ 'union all' if not loop.last }}
{% endfor %}
{% endtest %}
