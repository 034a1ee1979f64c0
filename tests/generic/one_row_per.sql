{% test one_row_per(model, key, few=[]) %}
{#-
    few: columns of the key with at most 60 combinations of values. Each combination is a power of
    two, and the sum of those of the other columns is all of them together only where none is there
    twice: for millions of rows a third of the time.
-#}
{%- set others = key | reject('in', few) | list -%}
-- Rows of the same key, each with the number of times it stands there.
{% if few %}
with
combinations as (
    select
        {{ few | join(', ') }},
        cast(power(2, row_number() over (order by {{ few | join(', ') }})) as bigint) as bit
    from {{ model }}
    group by {{ few | join(', ') }}
)

select
    {{ others | join(', ') }},
    count(*) as times
from {{ model }}
inner join combinations using ({{ few | join(', ') }})
group by {{ others | join(', ') }}
having sum(bit) <> bit_or(bit)
{% else %}
select
    {{ key | join(', ') }},
    count(*) as times
from {{ model }}
group by {{ key | join(', ') }}
having count(*) > 1
{% endif %}
{% endtest %}
